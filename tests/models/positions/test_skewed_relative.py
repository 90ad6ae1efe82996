import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.testing import assert_close

from models.transformer.attention import attention
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, random_tensor
from tests.models.schemes import skewed

TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5}


@settings(max_examples=60)
@given(
    length=st.integers(1, 12),
    max_distance=st.integers(1, 14),
    causal=st.booleans(),
    dtype=st.sampled_from(sorted(TOLERANCES, key=str)),
    seed=st.integers(0, 1000),
)
def test_attention_equals_the_gathered_form(length, max_distance, causal, dtype, seed):
    heads = [
        random_tensor(2, 3, length, 4, seed=seed + part).to(dtype).requires_grad_()
        for part in range(3)
    ]
    positions = skewed(max_distance, causal).to(dtype)
    mask = torch.ones(length, length, dtype=torch.bool).tril() if causal else None
    fast = attention(*heads, mask, 0.0, positions)
    ahead = 0 if causal else max_distance
    slow = naive.skewed_attention(
        *heads, positions.embeddings, ahead, naive.distances(length), mask
    )
    assert_same_values_and_gradients(fast, slow, [*heads, positions.embeddings], TOLERANCES[dtype])


@pytest.mark.parametrize("causal", [True, False])
def test_attention_equals_torch_with_the_gathered_logits_as_a_mask(causal):
    query, key, value = (random_tensor(2, 3, 7, 4, seed=seed) for seed in range(3))
    positions, ahead = skewed(3, causal), 0 if causal else 3
    index = naive.distances(7).clamp(-ahead, 3) + ahead
    bias = torch.einsum("bhid,hijd->bhij", query, positions.embeddings[:, index]) / 2.0
    mask = torch.ones(7, 7, dtype=torch.bool).tril(0 if causal else 7)
    expected = F.scaled_dot_product_attention(
        query, key, value, attn_mask=bias.masked_fill(~mask, -torch.inf)
    )
    assert_close(attention(query, key, value, mask, 0.0, positions), expected)


@pytest.mark.parametrize(("causal", "distances"), [(True, 4), (False, 7)])
def test_an_encoder_has_distances_ahead_too(causal, distances):
    assert skewed(3, causal).embeddings.shape == (3, distances, 4)

import pytest
import torch
from torch.testing import assert_close

from models.settings import ShawParts
from models.transformer.attention import attention
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, random_tensor
from tests.models.schemes import shaw

CASES = [(7, 1), (7, 3), (7, 6), (7, 20), (1, 4), (7, 0)]  # length, max_distance


def _heads(length: int) -> list[torch.Tensor]:
    return [random_tensor(2, 3, length, 4, seed=seed).requires_grad_() for seed in range(3)]


@pytest.mark.parametrize("parts", ShawParts)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("length", "max_distance"), CASES)
def test_attention_equals_the_tensor_form(length, max_distance, causal, parts):
    heads, positions = _heads(length), shaw(max_distance, parts)
    mask = torch.ones(length, length, dtype=torch.bool).tril() if causal else None
    fast = attention(*heads, mask, 0.0, positions)
    tables = positions.key_vectors, positions.value_vectors
    slow = naive.shaw_attention(*heads, *tables, naive.distances(length), mask)
    assert_same_values_and_gradients(fast, slow, [*heads, *positions.parameters()])


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        (ShawParts.KEYS_AND_VALUES, {"key_vectors", "value_vectors"}),
        (ShawParts.KEYS, {"key_vectors"}),
        (ShawParts.VALUES, {"value_vectors"}),
    ],
)
def test_only_the_chosen_parts_have_vectors(parts, names):
    assert {name for name, _ in shaw(2, parts).named_parameters()} == names


def test_a_largest_distance_of_0_tells_no_order_without_a_mask():
    """All distances share one vector: keys and values, permuted, give the same sums."""
    positions = shaw(0, ShawParts.KEYS_AND_VALUES)
    query, key, value = _heads(7)
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    attended = attention(query, key, value, None, 0.0, positions)
    permuted = attention(query, key[:, :, order], value[:, :, order], None, 0.0, positions)
    assert_close(permuted, attended)


def test_the_largest_distance_is_clipped_and_not_dropped():
    positions = shaw(1, ShawParts.KEYS_AND_VALUES, heads=1, d_head=2)
    query = torch.ones(1, 1, 1, 2, dtype=torch.float64)
    logits = positions.logits(query, first=3, keys=7, ids=None)
    sums = positions.key_vectors.sum(dim=-1)
    assert_close(logits[0, 0, 0], sums[torch.tensor([0, 0, 0, 1, 2, 2, 2])])

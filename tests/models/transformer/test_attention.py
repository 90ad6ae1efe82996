"""Attention as a function of queries, keys and values, without positions; with: see positions/."""

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from models.settings import ShawParts
from models.transformer.attention import attention, attention_weights, merge_heads, split_heads
from tests.models import naive
from tests.models.comparison import random_tensor
from tests.models.schemes import shaw

CAUSAL = torch.ones(6, 6, dtype=torch.bool).tril()
PADDED = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])[:, None, None, :]

every_mask = pytest.mark.parametrize(
    "attn_mask", [None, CAUSAL, PADDED], ids=["none", "causal", "padded"]
)


def _heads(seed: int = 0) -> list[torch.Tensor]:
    return [random_tensor(2, 3, 6, 4, seed=seed + part) for part in range(3)]


@every_mask
def test_attention_is_equation_1(attn_mask):
    heads = _heads()
    found = attention(*heads, attn_mask, 0.0)
    assert_close(found, naive.attention(*heads, attn_mask))
    assert_close(found, F.scaled_dot_product_attention(*heads, attn_mask=attn_mask))


@every_mask
def test_weights_are_those_of_the_values(attn_mask):
    query, key, value = _heads()
    weights = attention_weights(query, key, attn_mask)
    assert_close(weights @ value, attention(query, key, value, attn_mask, 0.0))
    assert_close(weights.sum(dim=-1), torch.ones(2, 3, 6).double())
    allowed = torch.ones_like(weights, dtype=torch.bool) if attn_mask is None else attn_mask
    assert torch.equal(weights > 0.0, allowed.expand_as(weights))


def test_masked_keys_and_values_have_no_influence_and_no_gradient():
    query, key, value = (each.requires_grad_() for each in _heads())
    relative = shaw(2, ShawParts.KEYS_AND_VALUES, heads=3)
    for positions in (None, relative):
        attended = attention(query, key, value, PADDED, 0.0, positions)
        for gradient in torch.autograd.grad(attended.square().sum(), (key, value)):
            assert torch.all(gradient[1, :, 4:] == 0.0)
            assert torch.all(gradient[1, :, :4] != 0.0)


def test_heads_are_consecutive_parts_of_a_vector():
    projected = random_tensor(2, 5, 12)
    heads = split_heads(projected, 3)
    assert heads.shape == (2, 3, 5, 4)
    assert torch.equal(heads[:, 1], projected[:, :, 4:8])
    assert torch.equal(merge_heads(heads), projected)

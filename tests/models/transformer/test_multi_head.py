import pytest
import torch
from models.attention import (
    CrossAttention,
    SelfAttention,
    attend,
    attend_relative,
    split_heads,
)
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from models.positions import ShawRelative, SkewedRelative
from models.settings import ShawParts
from tests.models import naive

CAUSAL = torch.ones(6, 6, dtype=torch.bool).tril()
PADDED = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])[:, None, None, :]


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=random)


@pytest.mark.parametrize("visible", [None, CAUSAL, PADDED])
def test_attention_is_equation_1(visible):
    heads = [_random(2, 3, 6, 4, seed=seed) for seed in range(3)]
    assert_close(attend(*heads, visible, 0.0), naive.attention(*heads, visible))
    assert_close(
        attend(*heads, visible, 0.0), F.scaled_dot_product_attention(*heads, attn_mask=visible)
    )


@pytest.mark.parametrize("visible", [None, CAUSAL, PADDED])
def test_self_attention_equals_torch_multihead_attention(visible):
    ours = SelfAttention(12, 3, 0.0, None).double()
    theirs = nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
    nn.init.normal_(ours.project.bias)
    copy_self_attention(ours, theirs)
    inputs = _random(2, 6, 12)
    expected, _ = theirs(inputs, inputs, inputs, attn_mask=_hidden(visible, heads=3, batch=2))
    assert_close(ours(inputs, visible), expected)


def test_cross_attention_equals_torch_multihead_attention():
    ours = CrossAttention(12, 3, 0.0).double()
    theirs = nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
    copy_cross_attention(ours, theirs)
    inputs, memory = _random(2, 5, 12), _random(2, 6, 12, seed=1)
    expected, _ = theirs(inputs, memory, memory, key_padding_mask=~PADDED[:, 0, 0])
    assert_close(ours(inputs, ours.remember(memory), PADDED), expected)


def test_hidden_keys_and_values_have_no_influence_and_no_gradient():
    query, key, value = (_random(2, 3, 6, 4, seed=seed).requires_grad_() for seed in range(3))
    relative = ShawRelative(4, 2, ShawParts.KEYS_AND_VALUES).double()
    for attended in (
        attend(query, key, value, PADDED, 0.0),
        attend_relative(query, key, value, PADDED, relative, 0, 0.0),
    ):
        for gradient in torch.autograd.grad(attended.square().sum(), (key, value)):
            assert torch.all(gradient[1, :, 4:] == 0.0)
            assert torch.all(gradient[1, :, :4] != 0.0)


@pytest.mark.parametrize("relative", [None, ShawRelative(4, 2, ShawParts.KEYS_AND_VALUES)])
def test_attention_dropout_keeps_the_mean_and_acts_in_training_alone(relative):
    torch.manual_seed(0)
    layer = SelfAttention(8, 2, 0.5, relative)
    inputs = torch.randn(1, 5, 8)
    evaluated = layer.eval()(inputs, None)
    assert torch.equal(layer(inputs, None), evaluated)
    with torch.no_grad():
        drawn = layer.train()(inputs.expand(20_000, -1, -1), None)
    assert not torch.equal(drawn[0], drawn[1])
    deviation = (drawn.mean(dim=0) - evaluated[0]) / (drawn.std(dim=0) / 20_000**0.5)
    assert deviation.abs().max() < 4.5


@pytest.mark.parametrize("visible", [None, CAUSAL, PADDED])
def test_relative_self_attention_equals_torch_with_its_logits_as_a_mask(visible):
    ours = SelfAttention(12, 3, 0.0, SkewedRelative(3, 4, 4, ahead=4)).double()
    theirs = nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
    copy_self_attention(ours, theirs)
    inputs = _random(2, 6, 12)
    query = split_heads(ours.project(inputs)[..., :12], 3) * 4**-0.5
    mask = ours.relative.logits(query, 0, 6).flatten(0, 1)
    if visible is not None:
        mask = mask.masked_fill(_hidden(visible, heads=3, batch=2), -torch.inf)
    expected, _ = theirs(inputs, inputs, inputs, attn_mask=mask)
    assert_close(ours(inputs, visible), expected)


def copy_self_attention(ours: SelfAttention, theirs: nn.MultiheadAttention) -> None:
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.project.weight,
            "in_proj_bias": ours.project.bias,
            "out_proj.weight": ours.combine.weight,
            "out_proj.bias": ours.combine.bias,
        }
    )


def copy_cross_attention(ours: CrossAttention, theirs: nn.MultiheadAttention) -> None:
    query, memory = ours.project_query, ours.project_memory
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat((query.weight, memory.weight)),
            "in_proj_bias": torch.cat((query.bias, memory.bias)),
            "out_proj.weight": ours.combine.weight,
            "out_proj.bias": ours.combine.bias,
        }
    )


def _hidden(visible: torch.Tensor | None, heads: int, batch: int) -> torch.Tensor | None:
    """torch's mask: True where attention is not allowed, (batch * heads, query, key)."""
    if visible is None:
        return None
    return (~visible).expand(batch, heads, 6, 6).reshape(batch * heads, 6, 6)

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from models.settings import Backend, ShawParts
from models.transformer.attention import split_heads
from models.transformer.multi_head import CrossAttention, SelfAttention
from models.transformer.patterns import Full
from tests.models.comparison import random_tensor
from tests.models.schemes import shaw, skewed

CAUSAL = Full(Backend.DENSE, causal=True)
EVERYTHING = Full(Backend.DENSE, causal=False)
PADDING = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])[:, None, None, :]

every_mask = pytest.mark.parametrize(
    ("pattern", "padding"),
    [(EVERYTHING, None), (CAUSAL, None), (EVERYTHING, PADDING), (CAUSAL, PADDING)],
    ids=["everything", "causal", "padded", "causal_padded"],
)


def _self_attention(pattern, positions=None) -> SelfAttention:
    torch.manual_seed(0)
    layer = SelfAttention(12, 3, 0.0, pattern, positions).double()
    nn.init.normal_(layer.in_proj.bias)
    nn.init.normal_(layer.out_proj.bias)
    return layer


def _multihead_attention(ours: SelfAttention | CrossAttention) -> nn.MultiheadAttention:
    theirs = nn.MultiheadAttention(12, 3, batch_first=True, dtype=torch.float64)
    copy = copy_self_attention if isinstance(ours, SelfAttention) else copy_cross_attention
    copy(ours, theirs)
    return theirs


@every_mask
def test_self_attention_equals_torch_multihead_attention(pattern, padding):
    ours, inputs = _self_attention(pattern), random_tensor(2, 6, 12)
    mask = _torch_mask(pattern, padding)
    expected, weights = _multihead_attention(ours)(
        inputs, inputs, inputs, attn_mask=mask, average_attn_weights=False
    )
    assert_close(ours(inputs, padding), expected)
    assert_close(ours.weights(inputs, padding), weights)


def test_cross_attention_equals_torch_multihead_attention():
    torch.manual_seed(0)
    ours = CrossAttention(12, 3, 0.0, EVERYTHING).double()
    inputs, encoded = random_tensor(2, 5, 12), random_tensor(2, 6, 12, seed=1)
    expected, weights = _multihead_attention(ours)(
        inputs, encoded, encoded, key_padding_mask=~PADDING[:, 0, 0], average_attn_weights=False
    )
    memory = ours.memory(encoded, PADDING)
    assert_close(ours(inputs, memory), expected)
    assert_close(ours.weights(inputs, memory), weights)


@pytest.mark.parametrize("length", [6, 20])
def test_a_step_of_rows_that_share_a_source_is_the_attention_of_each_to_it(length):
    torch.manual_seed(0)
    ours = CrossAttention(12, 3, 0.0, EVERYTHING).double()
    inputs, encoded = random_tensor(6, 1, 12), random_tensor(2, length, 12, seed=1)
    padding = torch.ones(2, 1, 1, length, dtype=torch.bool)
    padding[1, ..., 4:] = False
    rows = torch.tensor([0, 0, 0, 1, 1, 1])
    expected = ours(inputs, ours.memory(encoded[rows], padding[rows]))
    memory = ours.to_step(ours.memory(encoded, padding))
    assert_close(ours.step(inputs, memory), expected)


@every_mask
def test_relative_self_attention_equals_torch_with_its_logits_as_a_mask(pattern, padding):
    positions = skewed(4, causal=pattern.causal)
    ours, inputs = _self_attention(pattern, positions), random_tensor(2, 6, 12)
    query = split_heads(ours.in_proj(inputs)[..., :12], 3) * 4**-0.5
    mask = positions.logits(query, 0, 6, None).flatten(0, 1)
    mask = mask.masked_fill(_torch_mask(pattern, padding), -torch.inf)
    expected, _ = _multihead_attention(ours)(inputs, inputs, inputs, attn_mask=mask)
    assert_close(ours(inputs, padding), expected)


@pytest.mark.parametrize("relative", [False, True], ids=["plain", "relative"])
def test_attention_dropout_keeps_the_mean_and_acts_in_training_alone(relative):
    torch.manual_seed(0)
    positions = shaw(2, ShawParts.KEYS_AND_VALUES, heads=2).float() if relative else None
    layer = SelfAttention(8, 2, 0.5, EVERYTHING, positions)
    inputs = torch.randn(1, 5, 8)
    evaluated = layer.eval()(inputs)
    assert torch.equal(layer(inputs), evaluated)
    with torch.no_grad():
        drawn = layer.train()(inputs.expand(20_000, -1, -1))
    assert not torch.equal(drawn[0], drawn[1])
    deviation = (drawn.mean(dim=0) - evaluated[0]) / (drawn.std(dim=0) / 20_000**0.5)
    assert deviation.abs().max() < 4.5
    assert torch.equal(layer.weights(inputs), layer.eval().weights(inputs))


def copy_self_attention(ours: SelfAttention, theirs: nn.MultiheadAttention) -> None:
    """Give theirs the weights of ours."""
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.in_proj.weight,
            "in_proj_bias": ours.in_proj.bias,
            "out_proj.weight": ours.out_proj.weight,
            "out_proj.bias": ours.out_proj.bias,
        }
    )


def copy_cross_attention(ours: CrossAttention, theirs: nn.MultiheadAttention) -> None:
    """Give theirs the weights of ours."""
    query, source = ours.project_query, ours.project_kv
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat((query.weight, source.weight)),
            "in_proj_bias": torch.cat((query.bias, source.bias)),
            "out_proj.weight": ours.out_proj.weight,
            "out_proj.bias": ours.out_proj.bias,
        }
    )


def _torch_mask(pattern: Full, padding: torch.Tensor | None) -> torch.Tensor:
    """torch's mask: True where attention is not allowed, (batch * heads, query, key)."""
    mask = torch.ones(6, 6, dtype=torch.bool)
    if pattern.causal:
        mask = mask.tril()
    if padding is not None:
        mask = mask & padding
    return (~mask).expand(2, 3, 6, 6).reshape(6, 6, 6)

import pytest
import torch
from models.layers import DecoderLayer, EncoderLayer, FeedForward, Memory
from tests.models.test_attention import copy_cross_attention, copy_self_attention
from torch import nn
from torch.testing import assert_close

from models.settings import Architecture, Norm, Residuals
from tests.models.networks import settings

CAUSAL = torch.ones(6, 6, dtype=torch.bool).tril()
SIZES = {"d_model": 8, "nhead": 2, "dim_feedforward": 12, "dropout": 0.0, "batch_first": True}


@pytest.fixture
def inputs() -> torch.Tensor:
    return torch.randn(2, 6, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("norm", Norm)
def test_an_encoder_layer_equals_torch(norm, inputs):
    ours = _random_weights(EncoderLayer(settings(Architecture.DECODER, norm=norm), None))
    theirs = nn.TransformerEncoderLayer(**SIZES, norm_first=norm is Norm.PRE, dtype=torch.float64)
    copy_self_attention(ours.attention, theirs.self_attn)
    _copy_feed_forward(ours, theirs)
    theirs.norm1.load_state_dict(ours.around_attention.norm.state_dict())
    theirs.norm2.load_state_dict(ours.around_feed_forward.norm.state_dict())
    assert_close(ours(inputs, CAUSAL), theirs(inputs, src_mask=~CAUSAL))


@pytest.mark.parametrize("norm", Norm)
def test_a_decoder_layer_equals_torch(norm, inputs):
    ours = _random_weights(DecoderLayer(settings(Architecture.ENCODER_DECODER, norm=norm), None))
    theirs = nn.TransformerDecoderLayer(**SIZES, norm_first=norm is Norm.PRE, dtype=torch.float64)
    copy_self_attention(ours.attention, theirs.self_attn)
    copy_cross_attention(ours.cross_attention, theirs.multihead_attn)
    _copy_feed_forward(ours, theirs)
    theirs.norm1.load_state_dict(ours.around_attention.norm.state_dict())
    theirs.norm2.load_state_dict(ours.around_cross_attention.norm.state_dict())
    theirs.norm3.load_state_dict(ours.around_feed_forward.norm.state_dict())
    encoded = inputs.flip(1)
    padding = torch.tensor([[False] * 6, [False] * 4 + [True] * 2])
    memory = Memory(ours.cross_attention.remember(encoded), ~padding[:, None, None, :])
    expected = theirs(inputs, encoded, tgt_mask=~CAUSAL, memory_key_padding_mask=padding)
    assert_close(ours(inputs, CAUSAL, memory), expected)


@pytest.mark.parametrize("norm", Norm)
def test_without_residuals_a_layer_is_the_chain_of_its_sublayers(norm, inputs):
    alone = settings(Architecture.DECODER, norm=norm, residuals=Residuals.NONE)
    layer = _random_weights(EncoderLayer(alone, None))
    attention, feed_forward = layer.attention, layer.feed_forward
    norm_1, norm_2 = layer.around_attention.norm, layer.around_feed_forward.norm
    if norm is Norm.PRE:
        expected = feed_forward(norm_2(attention(norm_1(inputs), CAUSAL)))
    else:
        expected = norm_2(feed_forward(norm_1(attention(inputs, CAUSAL))))
    assert_close(layer(inputs, CAUSAL), expected)


def test_relu_dropout_drops_what_the_maximum_lets_through(inputs):
    torch.manual_seed(0)
    layer = FeedForward(8, 400, 0.25).double()
    passed = []
    layer.narrow.register_forward_pre_hook(lambda _, args: passed.append(args[0]))
    layer.train()(inputs)
    layer.eval()(inputs)
    dropped, whole = passed
    kept = dropped != 0.0
    assert_close(dropped[kept], whole[kept] / 0.75)
    assert kept.sum() / (whole != 0.0).sum() == pytest.approx(0.75, abs=0.05)


def _random_weights(layer: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    for parameter in layer.double().parameters():
        nn.init.normal_(parameter, std=0.5)
    return layer


def _copy_feed_forward(ours, theirs) -> None:
    theirs.linear1.load_state_dict(ours.feed_forward.widen.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.narrow.state_dict())

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from models.settings import Backend, Norm, Residuals, Structure
from models.transformer.layers import CrossLayer, FeedForward, Layer
from models.transformer.patterns import Full
from tests.models.comparison import random_tensor
from tests.models.networks import TEXT, settings
from tests.models.transformer.test_multi_head import copy_cross_attention, copy_self_attention

CAUSAL = Full(Backend.DENSE, causal=True)
MASK = torch.ones(6, 6, dtype=torch.bool).tril()
SIZES = {"d_model": 8, "nhead": 2, "dim_feedforward": 12, "dropout": 0.0, "batch_first": True}


@pytest.fixture
def inputs() -> torch.Tensor:
    return random_tensor(2, 6, 8)


def _layer(**chosen: Norm | Residuals) -> Layer:
    return _random_weights(Layer(settings(Structure.DECODER, **chosen), TEXT.layout, CAUSAL))


@pytest.mark.parametrize("norm", Norm)
def test_a_layer_equals_an_encoder_layer_of_torch(norm, inputs):
    ours = _layer(norm=norm)
    theirs = nn.TransformerEncoderLayer(**SIZES, norm_first=norm is Norm.PRE, dtype=torch.float64)
    copy_self_attention(ours.attention, theirs.self_attn)
    _copy_feed_forward(ours, theirs)
    theirs.norm1.load_state_dict(ours.around_attention.norm.state_dict())
    theirs.norm2.load_state_dict(ours.around_feed_forward.norm.state_dict())
    assert_close(ours(inputs), theirs(inputs, src_mask=~MASK))


@pytest.mark.parametrize("norm", Norm)
def test_a_cross_layer_equals_a_decoder_layer_of_torch(norm, inputs):
    translating = settings(Structure.ENCODER_DECODER, norm=norm)
    ours = _random_weights(CrossLayer(translating, TEXT.layout, CAUSAL))
    theirs = nn.TransformerDecoderLayer(**SIZES, norm_first=norm is Norm.PRE, dtype=torch.float64)
    copy_self_attention(ours.attention, theirs.self_attn)
    copy_cross_attention(ours.cross_attention, theirs.multihead_attn)
    _copy_feed_forward(ours, theirs)
    theirs.norm1.load_state_dict(ours.around_attention.norm.state_dict())
    theirs.norm2.load_state_dict(ours.around_cross_attention.norm.state_dict())
    theirs.norm3.load_state_dict(ours.around_feed_forward.norm.state_dict())
    encoded = inputs.flip(1)
    padding = torch.tensor([[False] * 6, [False] * 4 + [True] * 2])
    memory = ours.cross_attention.memory(encoded, ~padding[:, None, None, :])
    expected = theirs(inputs, encoded, tgt_mask=~MASK, memory_key_padding_mask=padding)
    assert_close(ours(inputs, memory), expected)


@pytest.mark.parametrize("norm", Norm)
def test_without_residuals_a_layer_is_the_chain_of_its_sublayers(norm, inputs):
    layer = _layer(norm=norm, residuals=Residuals.NONE)
    attention, feed_forward = layer.attention, layer.feed_forward
    norm_1, norm_2 = layer.around_attention.norm, layer.around_feed_forward.norm
    if norm is Norm.PRE:
        expected = feed_forward(norm_2(attention(norm_1(inputs))))
    else:
        expected = norm_2(feed_forward(norm_1(attention(inputs))))
    assert_close(layer(inputs), expected)


def test_relu_dropout_drops_what_the_maximum_lets_through(inputs):
    torch.manual_seed(0)
    layer = FeedForward(8, 400, 0.25).double()
    passed = []
    layer.w_2.register_forward_pre_hook(lambda _, args: passed.append(args[0]))
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


def _copy_feed_forward(ours: Layer | CrossLayer, theirs: nn.Module) -> None:
    theirs.linear1.load_state_dict(ours.feed_forward.w_1.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.w_2.state_dict())

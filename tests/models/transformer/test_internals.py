import pytest
import torch
from models.attention import split_heads
from models.maps import attention_maps, translation_maps, weights_of
from torch.testing import assert_close

from tests.models.comparison import ids
from tests.models.networks import (
    BESIDE,
    LABELLED,
    LEARNED,
    NONE,
    PITCH_TIME,
    SHAW,
    SINUSOID,
    SKEWED,
    decoder,
    encoder_decoder,
)

LENGTH = 12


@pytest.mark.parametrize(
    "positions", [NONE, SINUSOID, LEARNED, SKEWED, PITCH_TIME, BESIDE, LABELLED]
)
def test_the_maps_of_a_layer_give_its_output(positions):
    model, inputs = decoder(positions), ids(0, 7, 2, LENGTH)
    recorded = []
    layer = model.layers[1].attention
    layer.register_forward_hook(lambda _, given, output: recorded.append((given, output)))
    maps = attention_maps(model, inputs)
    assert [each.shape for each in maps] == [(2, 2, LENGTH, LENGTH)] * 2
    (hidden, *_), output = recorded[0]
    values = split_heads(layer.project(hidden).chunk(3, dim=-1)[2], layer.num_heads)
    expected = layer.combine((maps[1] @ values).transpose(1, 2).flatten(-2))
    assert_close(output, expected, atol=1e-10, rtol=1e-10)


def test_weights_are_causal_and_add_up_to_one():
    first, _ = attention_maps(decoder(SKEWED), ids(1, 7, 1, LENGTH))
    assert_close(first.sum(dim=-1), torch.ones(1, 2, LENGTH).double())
    assert torch.equal(first, first.tril())
    assert (first.tril() > 0).sum() == 2 * LENGTH * (LENGTH + 1) // 2


def test_nothing_is_left_at_the_network():
    model = decoder(SKEWED)
    attention_maps(model, ids(1, 7, 1, LENGTH))
    assert not any(layer.attention._forward_pre_hooks for layer in model.layers)
    assert weights_of(model.layers[0].attention, torch.zeros(1, 1, 8).double(), None).tolist() == [
        [[[1.0]], [[1.0]]]
    ]


@pytest.mark.parametrize("positions", [NONE, SINUSOID, LEARNED, SHAW])
def test_the_maps_of_an_encoder_decoder_give_its_outputs(positions):
    model, inputs, source = encoder_decoder(positions), ids(0, 7, 2, 5), ids(1, 7, 2, LENGTH)
    recorded = {}
    layers = {"encoder": model.encoder[1].attention, "decoder": model.decoder[1].attention}
    layers["cross"] = model.decoder[1].cross_attention
    for name, layer in layers.items():
        layer.register_forward_hook(
            lambda _, given, out, name=name: recorded.update({name: (given, out)})
        )
    maps = translation_maps(model, inputs, source)
    assert [each.shape for each in maps.cross] == [(2, 2, 5, LENGTH)] * 2
    for name, layer in layers.items():
        given, output = recorded[name]
        weights = getattr(maps, name)[1]
        assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:-1]).double())
        if name == "cross":
            attended = weights @ given[1][1]
        else:
            values = split_heads(layer.project(given[0]).chunk(3, dim=-1)[2], layer.num_heads)
            attended = weights @ values
            if layer.relative is not None:
                attended = attended + layer.relative.output(weights, 0)
        expected = layer.combine(attended.transpose(1, 2).flatten(-2))
        assert_close(output, expected, atol=1e-10, rtol=1e-10)

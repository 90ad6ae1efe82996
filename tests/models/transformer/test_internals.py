"""The attention weights that a network tells are those that it computes with."""

from contextlib import ExitStack

import pytest
import torch
from torch.testing import assert_close

from models.settings import Embeddings, Norm
from models.shared.base import PADDING
from models.transformer.attention import merge_heads, split_heads
from models.transformer.recording import recorded
from tests.models import naive
from tests.models.comparison import ids, random_tensor
from tests.models.networks import (
    ALIBI,
    BLOCKWISE,
    CONCATENATED,
    DECODERS,
    FULL,
    IMAGE,
    LABELLED,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    NONE,
    PITCH_TIME,
    ROTARY,
    SHAW,
    SHAW_0,
    SHAW_VALUES,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    decoder,
    encoder_decoder,
    pixel_decoder,
)

LENGTH = 12

positions_of_a_decoder = pytest.mark.parametrize(
    "positions",
    [NONE, SINUSOID, LEARNED, SHAW, SKEWED, PITCH_TIME, ROTARY, ALIBI, CONCATENATED, LABELLED],
    ids=lambda positions: positions.kind,
)


def _output(layer, inputs, weights) -> torch.Tensor:
    """The output of self-attention to `inputs` with the given weights."""
    value = split_heads(layer.in_proj(inputs).chunk(3, dim=-1)[2], layer.num_heads)
    attended = weights @ value
    if layer.positions is not None:
        attended = attended + layer.positions.values(weights, 0, None)
    return layer.out_proj(merge_heads(attended))


def _assert_weights_give_the_outputs(layers, weights, calls):
    assert len(weights) == len(calls) == len(layers)
    for layer, found, call in zip(layers, weights, calls, strict=True):
        assert_close(found.sum(dim=-1), torch.ones(found.shape[:-1]).double())
        inputs = call.args[0]
        assert_close(call.output, _output(layer, inputs, found), atol=1e-10, rtol=1e-10)


@positions_of_a_decoder
@pytest.mark.parametrize("attention", [FULL, BLOCKWISE], ids=["dense", "blockwise"])
def test_the_weights_of_a_decoder_give_the_outputs_of_its_layers(positions, attention):
    model, inputs = decoder(positions, attention), ids(0, 7, 2, LENGTH)
    layers = [layer.attention for layer in model.layers]
    with recorded(layers) as calls:
        weights = model.internals(inputs).decoder_attention
    assert [each.shape for each in weights] == [(2, 2, LENGTH, LENGTH)] * 2
    _assert_weights_give_the_outputs(layers, weights, calls)


# With SHAW, what is added to the values depends on the distance in a frame.
LOCAL = [
    (positions, local)
    for positions, local, norm in DECODERS
    if norm is Norm.POST and local is not FULL and positions not in (SHAW, SHAW_0, SHAW_VALUES)
]


@pytest.mark.parametrize(("positions", "attention"), LOCAL)
def test_the_weights_of_local_attention_give_the_outputs_of_its_layers(positions, attention):
    model, inputs = decoder(positions, attention), ids(0, 7, 2, 24)
    layers = [layer.attention for layer in model.layers]
    with recorded(layers) as calls:
        weights = model.internals(inputs).decoder_attention
    _assert_weights_give_the_outputs(layers, weights, calls)
    if attention is LOCAL_1D:
        mask = naive.local_1d_mask(attention, 24)
    else:
        mask = naive.local_2d_mask(attention, 4, 6)
    assert all(torch.equal(each > 0.0, mask.expand_as(each)) for each in weights)


@pytest.mark.parametrize("positions", [SHAW, SHAW_VALUES, SKEWED])
def test_the_weights_of_frames_are_those_of_the_equations(positions):
    """The condition is right before the memory of every block."""
    layer = decoder(positions, LOCAL_1D).layers[0].attention
    inputs = random_tensor(2, 17, 8)
    projected = layer.in_proj(inputs).chunk(3, dim=-1)
    query, key, _ = (split_heads(part, layer.num_heads) for part in projected)
    eye = torch.eye(17).double().expand(2, 2, 17, 17)  # values that show the weights
    distances, mask = naive.local_1d_distances(LOCAL_1D, 17), naive.local_1d_mask(LOCAL_1D, 17)
    if positions is SKEWED:
        vectors = layer.positions.embeddings
        expected = naive.skewed_attention(query, key, eye, vectors, 0, distances, mask)
    else:
        vectors = layer.positions.key_vectors
        expected = naive.shaw_attention(query, key, eye, vectors, None, distances, mask)
    assert_close(layer.weights(inputs), expected)


def test_weights_are_causal_and_add_up_to_one():
    first, _ = decoder(SKEWED).internals(ids(1, 7, 1, LENGTH)).decoder_attention
    assert_close(first.sum(dim=-1), torch.ones(1, 2, LENGTH).double())
    assert torch.equal(first, first.tril())
    assert (first.tril() > 0).sum() == 2 * LENGTH * (LENGTH + 1) // 2


def test_without_a_source_there_is_self_attention_alone():
    internals = decoder(SKEWED).internals(ids(1, 7, 1, LENGTH))
    assert internals.encoder_attention == internals.cross_attention == []
    assert internals.encoder_states == []


def test_a_pixel_is_one_position_of_a_mixture():
    model = pixel_decoder(attention=FULL)
    inputs = torch.cat((ids(5, 9, 1, 1), ids(0, 5, 1, 71)), dim=1)
    weights = model.internals(inputs).decoder_attention
    assert [each.shape for each in weights] == [(1, 2, 24, 24)] * 2


def test_nothing_is_left_at_the_network_and_nothing_is_learned_from():
    model = decoder(SKEWED)
    internals = model.internals(ids(1, 7, 1, LENGTH))
    assert not any(layer.attention._forward_hooks for layer in model.layers)
    assert not internals.decoder_attention[0].requires_grad
    assert model.layers[0].attention.weights(torch.zeros(1, 1, 8).double()).tolist() == [
        [[[1.0]], [[1.0]]]
    ]


@pytest.mark.parametrize("positions", [NONE, SINUSOID, LEARNED, SHAW, SKEWED, ROTARY, ALIBI])
@pytest.mark.parametrize("attention", [FULL, BLOCKWISE], ids=["dense", "blockwise"])
def test_the_weights_of_an_encoder_decoder_give_the_outputs_of_its_layers(positions, attention):
    model, inputs = encoder_decoder(positions, attention=attention), ids(0, 7, 2, 5)
    source = ids(1, 7, 2, LENGTH)
    source[1, 8:] = PADDING
    stacks = {
        "encoder_attention": [layer.attention for layer in model.encoder],
        "decoder_attention": [layer.attention for layer in model.decoder],
        "cross_attention": [layer.cross_attention for layer in model.decoder],
    }
    calls = {}
    with ExitStack() as stack:
        for name, layers in stacks.items():
            calls[name] = stack.enter_context(recorded(layers))
        internals = model.internals(inputs, source)
    for name in ("encoder_attention", "decoder_attention"):
        _assert_weights_give_the_outputs(stacks[name], getattr(internals, name), calls[name])
    for layer, weights, call in zip(
        stacks["cross_attention"], internals.cross_attention, calls["cross_attention"], strict=True
    ):
        assert weights.shape == (2, 2, 5, LENGTH)
        memory = call.args[1]
        expected = layer.out_proj(merge_heads(weights @ memory.value))
        assert_close(call.output, expected, atol=1e-10, rtol=1e-10)
    for weights in (*internals.encoder_attention, *internals.cross_attention):
        assert torch.all(weights[1, ..., 8:] == 0.0) and torch.all(weights[0] > 0.0)


@pytest.mark.parametrize("embeddings", [Embeddings.TIED, Embeddings.SEPARATE])
def test_the_states_of_an_encoder_begin_with_the_embeddings_and_end_with_what_is_attended_to(
    embeddings,
):
    model, source = encoder_decoder(SINUSOID, embeddings=embeddings), ids(1, 7, 2, LENGTH)
    states = model.internals(ids(0, 7, 2, 5), source).encoder_states
    embedding = model.embedding if embeddings is Embeddings.TIED else model.source_embedding
    assert len(states) == 1 + len(model.encoder)
    assert_close(states[0], embedding(source).detach())
    padding = (source != PADDING)[:, None, None, :]
    for layer, before, after in zip(model.encoder, states, states[1:], strict=False):
        assert_close(after, layer(before, padding).detach())


def test_the_weights_of_super_resolution_are_local_in_the_decoder_alone():
    model = encoder_decoder(
        SINUSOID_2D,
        shape=IMAGE,
        attention=LOCAL_2D,
        embeddings=Embeddings.SEPARATE,
        super_resolution=2,
    )
    internals = model.internals(ids(0, IMAGE.inputs, 1, 24), ids(1, IMAGE.inputs, 1, 6))
    mask = naive.local_2d_mask(LOCAL_2D, 4, 6)
    for weights in internals.decoder_attention:
        assert torch.equal(weights > 0.0, mask.expand_as(weights))
    for weights in (*internals.encoder_attention, *internals.cross_attention):
        assert torch.all(weights > 0.0)

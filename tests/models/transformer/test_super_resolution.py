"""Encoder-decoders of images: the source is the same image, smaller."""

import pytest
import torch
from torch.testing import assert_close

from models.positions.sinusoid_2d import sinusoid_2d
from models.settings import DataShape, Embeddings, Local1D, Local2D
from models.transformer.attention import attention as dense_attention
from models.transformer.patterns import Local
from models.transformer.recording import recorded
from tests.models.comparison import (
    all_logits,
    assert_feeding_equals_forward,
    assert_same_values_and_gradients,
    assert_steps_equal_forward,
    ids,
)
from tests.models.networks import (
    COLOUR,
    FULL,
    IMAGE,
    IMAGE_ENCODER_DECODERS,
    LOCAL_1D,
    LOCAL_2D,
    SINUSOID_2D,
    encoder_decoder,
)

LENGTH = IMAGE.layout.height * IMAGE.layout.width
SOURCE = LENGTH // 4

every_network = pytest.mark.parametrize(("positions", "attention", "norm"), IMAGE_ENCODER_DECODERS)


def _network(positions=SINUSOID_2D, attention=LOCAL_2D, shape=IMAGE, **others):
    chosen = {"embeddings": Embeddings.SEPARATE, "super_resolution": 2} | others
    return encoder_decoder(positions, shape=shape, attention=attention, **chosen)


def _inputs_and_source(batch: int, shape: DataShape = IMAGE) -> tuple[torch.Tensor, torch.Tensor]:
    length = shape.layout.height * shape.layout.width * shape.layout.channels
    inputs = ids(0, shape.inputs, batch, length)
    return inputs, ids(1, shape.inputs, batch, length // 4, seed=1)


@every_network
def test_one_position_at_a_time_equals_all_at_once(positions, attention, norm):
    assert_steps_equal_forward(_network(positions, attention, norm=norm), *_inputs_and_source(2))


@every_network
def test_several_positions_of_rows_of_different_lengths_equal_all_at_once(
    positions, attention, norm
):
    _, source = _inputs_and_source(3)
    inputs = ids(0, IMAGE.outputs, 3, LENGTH)
    assert_feeding_equals_forward(_network(positions, attention, norm=norm), inputs, source)


def test_one_position_at_a_time_equals_all_at_once_in_colour():
    attention = Local2D(
        kind="local_2d", query_rows=2, query_columns=9, memory_rows=2, memory_columns=3
    )
    model = _network(attention=attention, shape=COLOUR)
    assert_steps_equal_forward(model, *_inputs_and_source(2, COLOUR))


@pytest.mark.parametrize(
    "whole",
    [
        Local1D(kind="local_1d", query_block=24, memory_block=24),
        Local2D(kind="local_2d", query_rows=4, query_columns=6, memory_rows=4, memory_columns=6),
    ],
    ids=["local_1d", "local_2d"],
)
def test_a_block_that_holds_the_image_is_full_attention(whole):
    local, full = _network(attention=whole), _network(attention=FULL)
    full.load_state_dict(local.state_dict())
    batch = _inputs_and_source(2)
    assert_close(all_logits(local, *batch), all_logits(full, *batch), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("attention", [LOCAL_1D, LOCAL_2D], ids=["local_1d", "local_2d"])
def test_a_local_decoder_equals_one_with_the_dense_mask(attention, monkeypatch):
    model, batch = _network(attention=attention), _inputs_and_source(2)
    ours = all_logits(model, *batch)

    def dense(pattern, heads, positions, dropout):
        mask = pattern.dense_mask(heads)
        return dense_attention(heads.query, heads.key, heads.value, mask, dropout, positions)

    monkeypatch.setattr(Local, "attention", dense)
    assert_same_values_and_gradients(ours, all_logits(model, *batch), model)


@every_network
def test_no_later_target_and_every_pixel_of_the_source_is_seen(positions, attention, norm):
    model, (inputs, source) = _network(positions, attention, norm=norm), _inputs_and_source(1)
    with torch.no_grad():
        logits = all_logits(model, inputs, source)
        for position in (0, 7, LENGTH - 1):
            other = inputs.clone()
            other[0, position] = (other[0, position] + 1) % IMAGE.inputs
            differs = (all_logits(model, other, source) != logits).any(dim=-1)[0]
            assert not differs[:position].any() and differs[position]
        for position in range(SOURCE):
            other = source.clone()
            other[0, position] = 1 + other[0, position] % (IMAGE.inputs - 1)
            assert (all_logits(model, inputs, other) != logits).any(dim=-1).all()


def test_a_source_pixel_is_at_the_centre_of_the_block_that_it_averages():
    model = _network()
    rows, columns = torch.arange(6) // 3 * 2 + 0.5, torch.arange(6) % 3 * 2 + 0.5
    inputs, source = _inputs_and_source(1)
    with recorded([model.encoder[0]]) as calls:
        model(inputs, source)
    expected = sinusoid_2d(rows, columns, 8).double()[None]
    assert_close(calls[0].args[0] - model.source_embedding.vectors(source), expected)

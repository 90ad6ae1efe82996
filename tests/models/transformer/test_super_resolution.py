"""Encoder-decoders of images: the source is the same image, smaller."""

import pytest
import torch
from models.locality import generation_order, visible
from pydantic import ValidationError
from torch.testing import assert_close

from models.positions import sinusoid_2d
from models.settings import Architecture, Local1D, Local2D
from models.transformer import Grid
from tests.models.comparison import advanced, assert_same_values_and_gradients, ids
from tests.models.networks import (
    COLOUR,
    FULL,
    IMAGE,
    IMAGE_ENCODER_DECODERS,
    LOCAL_1D,
    LOCAL_2D,
    SINUSOID,
    SINUSOID_2D,
    TEXT,
    encoder_decoder,
    settings,
)

LENGTH = IMAGE.height * IMAGE.width
SOURCE = LENGTH // 4

every_network = pytest.mark.parametrize(("positions", "locality", "norm"), IMAGE_ENCODER_DECODERS)


def network(positions=SINUSOID_2D, locality=LOCAL_2D, shape=IMAGE, **others):
    return encoder_decoder(positions, shape=shape, locality=locality, reduction=2, **others)


def inputs_and_source(batch: int, shape=IMAGE) -> tuple[torch.Tensor, torch.Tensor]:
    length = shape.height * shape.width * shape.channels
    inputs = ids(0, shape.inputs, batch, length)
    return inputs, ids(1, shape.inputs, batch, length // 4, seed=1)


@every_network
def test_one_position_at_a_time_equals_all_at_once(positions, locality, norm):
    model, (inputs, source) = network(positions, locality, norm=norm), inputs_and_source(2)
    with torch.no_grad():
        found = advanced(model, inputs, model.begin(source, 1, LENGTH))
    assert_close(found, model(inputs, source).detach(), rtol=1e-10, atol=1e-10)


def test_one_position_at_a_time_equals_all_at_once_in_colour():
    locality = Local2D(
        kind="local_2d", query_rows=2, query_columns=9, memory_rows=2, memory_columns=3
    )
    model, (inputs, source) = network(locality=locality, shape=COLOUR), inputs_and_source(2, COLOUR)
    with torch.no_grad():
        found = advanced(model, inputs, model.begin(source, 1, inputs.shape[1]))
    assert_close(found, model(inputs, source).detach(), rtol=1e-10, atol=1e-10)


def test_the_copies_of_a_source_lie_side_by_side():
    model, (inputs, source) = network(), inputs_and_source(6)
    with torch.no_grad():
        found = advanced(model, inputs, model.begin(source[:2], 3, LENGTH))
    assert_close(found, model(inputs, source[:2].repeat_interleave(3, dim=0)).detach())


def test_reordered_states_go_on_with_the_chosen_rows():
    model, (inputs, source) = network(), inputs_and_source(4)
    rows = torch.tensor([3, 3, 0, 1])
    state = model.begin(source[:2], 2, LENGTH)
    with torch.no_grad():
        advanced(model, inputs[:, :9], state)
        state.reorder(rows, sentences_change=True)
        found = advanced(model, inputs[rows, 9:], state)
    assert_close(found, model(inputs[rows], source[[1, 1, 0, 0]])[:, 9:].detach())


@pytest.mark.parametrize(
    "whole",
    [
        Local1D(kind="local_1d", query_block=24, memory_block=24),
        Local2D(kind="local_2d", query_rows=4, query_columns=6, memory_rows=4, memory_columns=6),
    ],
    ids=["local_1d", "local_2d"],
)
def test_a_block_that_holds_the_image_is_full_attention(whole):
    local, full = network(locality=whole), network(locality=FULL)
    full.load_state_dict(local.state_dict())
    inputs, source = inputs_and_source(2)
    found, expected = local(inputs, source), full(inputs, source)
    assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("locality", [LOCAL_1D, LOCAL_2D], ids=["local_1d", "local_2d"])
def test_a_local_decoder_equals_one_with_the_dense_mask(locality, monkeypatch):
    model, (inputs, source) = network(locality=locality), inputs_and_source(2)
    ours = model(inputs, source)
    positions = torch.arange(LENGTH)
    mask = visible(locality, positions, positions, IMAGE.height, IMAGE.width)
    monkeypatch.setattr("models.transformer.visible_targets", lambda *_: mask)
    assert_same_values_and_gradients(model, ours, model(inputs, source))


@every_network
def test_no_later_target_and_every_pixel_of_the_source_is_seen(positions, locality, norm):
    model, (inputs, source) = network(positions, locality, norm=norm), inputs_and_source(1)
    with torch.no_grad():
        logits = model(inputs, source)
        for position in (0, 7, LENGTH - 1):
            other = inputs.clone()
            other[0, position] = (other[0, position] + 1) % IMAGE.inputs
            differs = (model(other, source) != logits).any(dim=-1)[0]
            assert not differs[:position].any() and differs[position]
        for position in range(SOURCE):
            other = source.clone()
            other[0, position] = 1 + other[0, position] % (IMAGE.inputs - 1)
            assert (model(inputs, other) != logits).any(dim=-1).all()


def test_the_source_stands_in_the_middle_of_the_pixels_that_it_is_the_mean_of():
    model = network()
    rows, columns = torch.arange(6) // 3 * 2 + 0.5, torch.arange(6) % 3 * 2 + 0.5
    seen = []
    model.encoder[0].register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    _, source = inputs_and_source(1)
    model._remember(source)
    expected = sinusoid_2d(rows, columns, 8).double()[None]
    assert_close(seen[0] - model.embedding.lookup(source), expected)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_places_of_a_smaller_image_are_means_of_those_of_the_larger_one(factor):
    grid = Grid(FULL, 6, 12, 3)
    rows, columns = (each.view(6, 12, 3).double() for each in grid.places(torch.arange(216)))
    smaller = grid.reduced(factor)
    count = smaller.height * smaller.width * 3
    for large, small in zip((rows, columns), smaller.places(torch.arange(count)), strict=True):
        squares = large.unflatten(1, (-1, factor)).unflatten(0, (-1, factor))
        assert_close(small.double(), squares.mean(dim=(1, 3)).flatten())


def test_a_grid_gives_rows_and_columns_in_the_order_of_generation():
    rows, columns = Grid(LOCAL_2D, 4, 6, 1).places(torch.arange(24))
    assert (rows * 6 + columns).tolist() == generation_order(LOCAL_2D, 4, 6)


def test_a_reduction_that_does_not_divide_is_refused_when_the_network_is_built():
    with pytest.raises(ValueError, match="reduction = 4 does not divide images of 4 x 6; choose"):
        encoder_decoder(SINUSOID_2D, shape=IMAGE, reduction=4)
    with pytest.raises(ValueError, match="reduction = 2 is defined for images only; use null"):
        encoder_decoder(SINUSOID, shape=TEXT, reduction=2)


def test_a_network_without_a_source_has_no_reduction():
    with pytest.raises(ValidationError, match="architecture = decoder, which has no source; use"):
        settings(Architecture.DECODER, reduction=2)

"""Tables of embeddings for each colour channel (Parmar et al. 2018, section 3.1)."""

import math

import pytest
import torch
from models.locality import generation_order
from torch.testing import assert_close

from models.settings import Embeddings, Local2D
from tests.models.comparison import advanced, ids
from tests.models.networks import (
    COLOUR,
    FULL,
    IMAGE,
    LOCAL_1D,
    LOCAL_2D,
    NONE,
    SINUSOID,
    SINUSOID_2D,
    TEXT,
    decoder,
    encoder_decoder,
)

LENGTH = COLOUR.height * COLOUR.width * COLOUR.channels
# Blocks that cut a pixel: the channel of a position is not its number modulo three.
CUT = Local2D(kind="local_2d", query_rows=2, query_columns=2, memory_rows=1, memory_columns=2)
LOCALITIES = (FULL, LOCAL_1D, LOCAL_2D, CUT)


def network(locality=FULL, shape=COLOUR, embeddings=Embeddings.CHANNELS):
    return decoder(SINUSOID_2D, locality, shape=shape, embeddings=embeddings)


def enlarger(positions):
    channels = {"reduction": 2, "embeddings": Embeddings.CHANNELS}
    return encoder_decoder(positions, shape=COLOUR, locality=LOCAL_1D, **channels)


@pytest.mark.parametrize("locality", LOCALITIES)
def test_an_intensity_has_the_vector_of_its_value_and_channel(locality):
    embedding, inputs = network(locality).embedding, ids(0, COLOUR.inputs, 2, LENGTH)
    tables = embedding.tokens.weight.view(COLOUR.channels, COLOUR.inputs, -1)
    order = generation_order(locality, COLOUR.height, COLOUR.width * COLOUR.channels)
    found = embedding.lookup(inputs)
    for position in range(1, LENGTH):
        channel = order[position - 1] % COLOUR.channels
        expected = tables[channel, inputs[:, position]] * math.sqrt(tables.shape[-1])
        assert_close(found[:, position], expected)


@pytest.mark.parametrize("locality", LOCALITIES)
def test_one_position_at_a_time_equals_all_at_once(locality):
    model, inputs = network(locality), ids(0, COLOUR.inputs, 2, LENGTH)
    with torch.no_grad():
        found = advanced(model, inputs, model.begin(2, LENGTH))
    assert_close(found, model(inputs).detach(), rtol=1e-10, atol=1e-10)


def test_a_source_has_the_vectors_of_its_own_channels():
    model = enlarger(NONE)
    embedding, source = model.source_embedding, ids(1, COLOUR.inputs, 2, LENGTH // 4)
    tables = embedding.tokens.weight.view(COLOUR.channels, COLOUR.inputs, -1)
    found = embedding(source, grid=model.source_grid)
    for position in range(LENGTH // 4):
        channel = position % COLOUR.channels
        expected = tables[channel, source[:, position]] * math.sqrt(tables.shape[-1])
        assert_close(found[:, position], expected)


def test_one_position_at_a_time_equals_all_at_once_where_there_is_a_source():
    model, inputs = enlarger(SINUSOID_2D), ids(0, COLOUR.inputs, 2, LENGTH)
    source = ids(1, COLOUR.inputs, 2, LENGTH // 4)
    with torch.no_grad():
        found = advanced(model, inputs, model.begin(source, 1, LENGTH))
    assert_close(found, model(inputs, source).detach(), rtol=1e-10, atol=1e-10)


def test_grey_has_one_channel():
    inputs = ids(0, IMAGE.inputs, 2, 24)
    separate, channels = (
        network(shape=IMAGE, embeddings=each) for each in (Embeddings.SEPARATE, Embeddings.CHANNELS)
    )
    assert torch.equal(separate(inputs), channels(inputs))


def test_what_is_no_image_has_no_channels():
    with pytest.raises(ValueError, match="embeddings = channels is defined for images only"):
        decoder(SINUSOID, shape=TEXT, embeddings=Embeddings.CHANNELS)

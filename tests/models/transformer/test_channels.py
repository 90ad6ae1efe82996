"""Tables of embeddings for each colour channel (Parmar et al. 2018, section 3.1)."""

import math

import pytest
import torch
from torch.testing import assert_close

from models.settings import Embeddings, Local2D
from models.shared.order import block_order
from tests.models.comparison import all_logits, assert_steps_equal_forward, ids
from tests.models.networks import (
    COLOUR,
    FULL,
    IMAGE,
    LOCAL_1D,
    LOCAL_2D,
    NONE,
    SINUSOID_2D,
    decoder,
    encoder_decoder,
)

HEIGHT, WIDTH, CHANNELS = COLOUR.layout.height, COLOUR.layout.width, COLOUR.layout.channels
LENGTH = HEIGHT * WIDTH * CHANNELS
# Blocks that cut a pixel: the channel of a position is not its number modulo three.
CUT = Local2D(kind="local_2d", query_rows=2, query_columns=2, memory_rows=1, memory_columns=2)

every_attention = pytest.mark.parametrize("attention", [FULL, LOCAL_1D, LOCAL_2D, CUT])


def _network(attention=FULL, shape=COLOUR, embeddings=Embeddings.CHANNELS):
    return decoder(SINUSOID_2D, attention, shape=shape, embeddings=embeddings)


def _super_resolution(positions):
    channels = {"super_resolution": 2, "embeddings": Embeddings.CHANNELS}
    return encoder_decoder(positions, shape=COLOUR, attention=LOCAL_1D, **channels)


@every_attention
def test_an_intensity_has_the_vector_of_its_value_and_channel(attention):
    embedding, inputs = _network(attention).embedding, ids(0, COLOUR.inputs, 2, LENGTH)
    tables = embedding.tokens.weight.view(CHANNELS, COLOUR.inputs, -1)
    order = block_order(attention, HEIGHT, WIDTH * CHANNELS)
    found = embedding.vectors(inputs)
    for position in range(1, LENGTH):
        channel = order[position - 1] % CHANNELS
        expected = tables[channel, inputs[:, position]] * math.sqrt(tables.shape[-1])
        assert_close(found[:, position], expected)
        assert_close(embedding.vectors(inputs[:, position, None], position)[:, 0], expected)


@every_attention
def test_one_position_at_a_time_equals_all_at_once(attention):
    assert_steps_equal_forward(_network(attention), ids(0, COLOUR.inputs, 2, LENGTH))


def test_a_source_has_the_vectors_of_its_own_channels():
    embedding = _super_resolution(NONE).source_embedding
    source = ids(1, COLOUR.inputs, 2, LENGTH // 4)
    tables = embedding.tokens.weight.view(CHANNELS, COLOUR.inputs, -1)
    found = embedding(source)
    for position in range(LENGTH // 4):
        expected = tables[position % CHANNELS, source[:, position]] * math.sqrt(tables.shape[-1])
        assert_close(found[:, position], expected)


def test_one_position_at_a_time_equals_all_at_once_where_there_is_a_source():
    inputs, source = ids(0, COLOUR.inputs, 2, LENGTH), ids(1, COLOUR.inputs, 2, LENGTH // 4)
    assert_steps_equal_forward(_super_resolution(SINUSOID_2D), inputs, source)


def test_grey_has_one_channel():
    inputs = ids(0, IMAGE.inputs, 2, 24)
    separate, channels = (
        _network(shape=IMAGE, embeddings=embeddings)
        for embeddings in (Embeddings.SEPARATE, Embeddings.CHANNELS)
    )
    assert torch.equal(all_logits(separate, inputs), all_logits(channels, inputs))

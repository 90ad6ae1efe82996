import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import Embeddings, Local2D, Structure
from models.shared.order import block_order, generation_order, super_resolution_factor
from tests.models import naive
from tests.models.baselines import LSTM, PIXELCNN
from tests.models.networks import (
    COLOUR,
    FULL,
    IMAGE,
    LOCAL_1D,
    LOCAL_2D,
    MIXTURE,
    SINUSOID_2D,
    settings,
)
from tests.models.strategies import local_1d, local_2d, small


@given(attention=st.one_of(local_1d, local_2d, st.just(FULL)), down=small, across=small)
def test_the_order_is_a_permutation(attention, down, across):
    rows = getattr(attention, "query_rows", 2)
    columns = getattr(attention, "query_columns", 2)
    order = block_order(attention, down * rows, across * columns)
    assert sorted(order) == list(range(down * rows * across * columns))


@given(attention=local_2d, down=small, across=small)
def test_local_2d_generates_block_after_block(attention, down, across):
    height, width = down * attention.query_rows, across * attention.query_columns
    pixels = naive.blockwise_raster(attention, height, width)
    assert block_order(attention, height, width) == [row * width + column for row, column in pixels]


def test_orders_have_known_values():
    blocks = Local2D(
        kind="local_2d", query_rows=2, query_columns=2, memory_rows=1, memory_columns=1
    )
    assert block_order(blocks, 2, 4) == [0, 1, 4, 5, 2, 3, 6, 7]
    assert block_order(FULL, 2, 4) == block_order(LOCAL_1D, 2, 4) == list(range(8))


def test_intensities_are_generated_in_raster_order_but_for_blocks():
    layout = IMAGE.layout
    raster = list(range(layout.height * layout.width))
    for model in (LSTM, PIXELCNN, settings(Structure.DECODER, attention=FULL)):
        assert generation_order(model, layout) == raster
    blocks = naive.blockwise_raster(LOCAL_2D, layout.height, layout.width)
    expected = [row * layout.width + column for row, column in blocks]
    local = settings(Structure.DECODER, attention=LOCAL_2D)
    assert generation_order(local, layout) == expected


def test_without_a_mixture_a_block_is_columns_of_intensities():
    """Three columns are a pixel in colour."""
    order = generation_order(settings(Structure.DECODER, attention=LOCAL_2D), COLOUR.layout)
    assert order[:9] == [0, 1, 2, 18, 19, 20, 3, 4, 5]


@pytest.mark.parametrize("shape", [IMAGE, COLOUR], ids=["grey", "colour"])
def test_a_mixture_keeps_the_channels_of_a_pixel_together(shape):
    layout = shape.layout
    mixture = settings(Structure.DECODER, SINUSOID_2D, LOCAL_2D, output=MIXTURE)
    order = generation_order(mixture, layout)
    assert sorted(order) == list(range(len(order)))
    first = order[:: layout.channels]
    assert order == [pixel + channel for pixel in first for channel in range(layout.channels)]
    grey = generation_order(mixture, layout.model_copy(update={"channels": 1}))
    assert [pixel // layout.channels for pixel in first] == grey


def test_the_factor_is_that_of_the_settings_if_there_is_a_source_image():
    enlarging = settings(
        Structure.ENCODER_DECODER, super_resolution=4, embeddings=Embeddings.SEPARATE
    )
    assert super_resolution_factor(enlarging) == 4
    assert super_resolution_factor(settings(Structure.DECODER)) is None
    assert super_resolution_factor(PIXELCNN) is None

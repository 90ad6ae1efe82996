import pytest
import torch
from torch.testing import assert_close

from models.shared.coordinates import Grid
from models.shared.order import block_order
from tests.models.networks import COLOUR, FULL, IMAGE, LOCAL_2D, TEXT, images


def test_a_grid_has_rows_and_columns_in_the_order_of_generation():
    rows, columns = Grid.of(LOCAL_2D, IMAGE.layout).coordinates(torch.arange(24))
    assert (rows * 6 + columns).tolist() == block_order(LOCAL_2D, 4, 6)


def test_a_column_of_a_colour_image_counts_the_channels_of_its_pixels():
    rows, columns = Grid.of(FULL, COLOUR.layout).coordinates(torch.arange(72))
    assert rows.tolist() == [row for row in range(4) for _ in range(18)]
    assert columns.tolist() == list(range(18)) * 4


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_coordinates_of_a_smaller_image_are_means_of_those_of_the_larger_one(factor):
    grid = Grid(FULL, 6, 12, 3)
    rows, columns = (each.view(6, 12, 3).double() for each in grid.coordinates(torch.arange(216)))
    reduced = grid.reduced(factor)
    count = reduced.height * reduced.width * 3
    small = reduced.coordinates(torch.arange(count))
    for large, mean in zip((rows, columns), small, strict=True):
        blocks = large.unflatten(1, (-1, factor)).unflatten(0, (-1, factor))
        assert_close(mean.double(), blocks.mean(dim=(1, 3)).flatten())


def test_a_source_image_is_in_raster_order_whatever_the_order_of_the_target():
    grid = Grid.of(LOCAL_2D, images(8, 12).layout).reduced(2)
    rows, columns = grid.coordinates(torch.arange(24))
    assert rows.tolist() == [row + 0.5 for row in (0, 2, 4, 6) for _ in range(6)]
    assert columns.tolist() == [0.5, 2.5, 4.5, 6.5, 8.5, 10.5] * 4


def test_channels_are_those_of_the_positions_and_the_last_is_before_the_first():
    channels = Grid.of(LOCAL_2D, COLOUR.layout).channel(torch.arange(-1, 72))
    order = block_order(LOCAL_2D, 4, 18)
    assert channels.tolist() == [order[-1] % 3, *(raster % 3 for raster in order)]


def test_what_is_no_image_is_one_position():
    assert Grid.of(FULL, TEXT.layout) == Grid(FULL, 1, 1, 1)

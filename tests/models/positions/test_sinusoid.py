import torch
from torch.testing import assert_close

from models.positions.sinusoid import Sinusoid
from models.positions.sinusoid_2d import Sinusoid2D, sinusoid_2d
from models.shared.coordinates import Grid
from models.shared.positions import Site
from tests.models import naive
from tests.models.comparison import random_tensor
from tests.models.networks import FULL, SINUSOID, SINUSOID_2D, TEXT, images

SITE = Site(8, 2, TEXT.layout)


def test_sinusoids_of_the_positions_are_added():
    vectors, grid = random_tensor(2, 3, 8), Grid.of(FULL, TEXT.layout)
    added = Sinusoid(SINUSOID, SITE)(vectors, torch.arange(4, 7), grid) - vectors
    expected = torch.tensor([naive.positional_encoding(position, 8) for position in (4, 5, 6)])
    assert_close(added, expected.double().expand(2, 3, 8), atol=1e-6, rtol=1e-5)


def test_two_dimensional_sinusoids_hold_the_row_and_the_column():
    rows, columns = torch.tensor([0, 3, 7]), torch.tensor([5, 3, 0])
    expected = [
        naive.positional_encoding(row, 8) + naive.positional_encoding(column, 8)
        for row, column in [(0, 5), (3, 3), (7, 0)]
    ]
    assert_close(sinusoid_2d(rows, columns, 16), torch.tensor(expected), atol=1e-6, rtol=1e-5)


def test_the_column_of_a_colour_image_counts_the_channels_of_its_pixels():
    grid = Grid.of(FULL, images(2, 2, channels=3).layout)
    vectors = random_tensor(2, 12, 8)
    added = Sinusoid2D(SINUSOID_2D, SITE)(vectors, torch.arange(12), grid) - vectors
    expected = [
        naive.positional_encoding(row, 4) + naive.positional_encoding(3 * pixel + channel, 4)
        for row in range(2)
        for pixel in range(2)
        for channel in range(3)
    ]
    assert_close(added, torch.tensor(expected).double().expand(2, 12, 8), atol=1e-6, rtol=1e-5)

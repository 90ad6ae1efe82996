import pytest
import torch

from models.errors import SequenceError
from models.positions.learned import Learned
from models.shared.coordinates import Grid
from models.shared.positions import Site
from tests.models.comparison import random_tensor
from tests.models.networks import FULL, LEARNED, TEXT

GRID = Grid.of(FULL, TEXT.layout)


def test_the_vector_of_a_position_is_added():
    scheme, vectors = Learned(LEARNED, Site(8, 2, TEXT.layout)).double(), random_tensor(2, 3, 8)
    found = scheme(vectors, torch.arange(21, 24), GRID)
    assert torch.equal(found, vectors + scheme.table.weight[21:24])


def test_a_position_without_a_vector_is_refused_in_one_line():
    scheme = Learned(LEARNED, Site(8, 2, TEXT.layout))
    scheme.check(24)
    with pytest.raises(SequenceError, match="a sequence of 25 .*max_length = 24") as caught:
        scheme.check(25)
    assert "\n" not in str(caught.value)

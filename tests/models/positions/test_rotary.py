"""Rotary positions, against the rotation matrices of the paper and its relative property."""

import math

import pytest
import torch
from torch.testing import assert_close

from models.positions.rotary import Rotary
from models.settings import Rotary as Settings
from models.settings import SequenceLayout
from models.shared.positions import Site

D_HEAD = 6
BASE = 100.0


@pytest.fixture
def scheme():
    site = Site(d_model=2 * D_HEAD, num_heads=2, layout=SequenceLayout())
    return Rotary(Settings(kind="rotary", base=BASE), site)


def heads(length, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, 2, length, D_HEAD, generator=generator, dtype=torch.float64)


def rotation(position):
    """The block-diagonal matrix R_position of eq. 15, a block for each pair of components."""
    blocks = []
    for pair in range(D_HEAD // 2):
        angle = position * BASE ** (-2 * pair / D_HEAD)
        cosine, sine = math.cos(angle), math.sin(angle)
        blocks.append(torch.tensor([[cosine, -sine], [sine, cosine]], dtype=torch.float64))
    return torch.block_diag(*blocks)


@pytest.mark.parametrize("first", [0, 5])
def test_every_vector_is_turned_by_the_matrix_of_its_position(scheme, first):
    vectors = heads(4)
    expected = torch.stack(
        [vectors[:, :, row] @ rotation(first + row).T for row in range(4)], dim=2
    )
    assert_close(scheme.rotate(vectors, first), expected, rtol=0, atol=1e-12)


def test_products_depend_on_the_distance_alone(scheme):
    query, key = heads(7, seed=1), heads(7, seed=2)
    here, moved = (
        scheme.rotate(query, first) @ scheme.rotate(key, first).transpose(-1, -2)
        for first in (0, 1000)
    )
    assert_close(here, moved, rtol=0, atol=1e-9)
    unturned = query @ key.transpose(-1, -2)
    assert_close(here.diagonal(dim1=-2, dim2=-1), unturned.diagonal(dim1=-2, dim2=-1))
    assert (here - unturned).abs().max() > 0.1


def test_lengths_stay(scheme):
    vectors = heads(5)
    assert_close(scheme.rotate(vectors, 3).norm(dim=-1), vectors.norm(dim=-1))


def test_late_positions_keep_their_angles_in_half_precision(scheme):
    """bfloat16 has no number between 512 and 516."""
    vectors = heads(1)
    turned, expected = scheme.rotate(vectors.bfloat16(), 513), scheme.rotate(vectors, 513)
    assert turned.dtype is torch.bfloat16
    assert_close(turned.double(), expected, rtol=0.01, atol=0.02)


def test_nothing_is_learned_and_a_fused_kernel_computes_the_rest(scheme):
    assert scheme.state_dict() == {} and scheme.rotates_only

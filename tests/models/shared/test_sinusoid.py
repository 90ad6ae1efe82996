import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from models.shared.sinusoid import sinusoid
from tests.models import naive


def test_sinusoids_have_known_values():
    expected = [
        [0.0, 1.0, 0.0, 1.0],
        [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)],
        [math.sin(100), math.cos(100), math.sin(1.0), math.cos(1.0)],
    ]
    assert_close(sinusoid(torch.tensor([0, 1, 100]), 4), torch.tensor(expected))


@given(position=st.integers(0, 4000), width=st.integers(1, 64).map(lambda half: 2 * half))
def test_sinusoids_follow_the_formula(position, width):
    expected = torch.tensor(naive.positional_encoding(position, width))
    # float32 angles: an error of 2^-24 of the angle
    tolerance = 1e-6 + position * 2.0**-22
    assert_close(sinusoid(torch.tensor(position), width), expected, atol=tolerance, rtol=0.0)


def test_the_longest_wavelength_tends_to_10000_times_2_pi():
    width = 512
    angle = torch.atan2(*sinusoid(torch.tensor([1]), width)[0, -2:]).item()
    assert 2 * math.pi / angle == pytest.approx(10000 ** (1 - 2 / width) * 2 * math.pi, rel=1e-5)

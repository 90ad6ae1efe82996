from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models.logistic_mixture import PixelMixture, count_parameters, log_masses, scaled
from torch.testing import assert_close

from tests.models import naive

channels = st.sampled_from([1, 2, 3])


def random_parameters(mixtures: int, channels: int, seed: int, size: float = 1.0) -> torch.Tensor:
    """Parameters of one pixel, in float64."""
    random = torch.Generator().manual_seed(seed)
    count = count_parameters(mixtures, channels)
    parameters = torch.randn(count, generator=random, dtype=torch.float64) * size
    return parameters.requires_grad_()


def log_probability(parameters: torch.Tensor, pixels: torch.Tensor, levels: int) -> torch.Tensor:
    """log p of pixels (..., channel), the sum over channels, each given those before it."""
    mixture = PixelMixture(parameters, pixels.shape[-1], levels)
    total = torch.zeros(pixels.shape[:-1], dtype=parameters.dtype)
    for ids in pixels.unbind(-1):
        total = total + mixture.logits().gather(-1, ids[..., None])[..., 0]
        mixture.observe(ids)
    return total


def every_pixel(levels: int, channels: int) -> torch.Tensor:
    return torch.tensor(list(product(range(levels), repeat=channels)))


def test_a_colour_pixel_has_ten_parameters_per_mixture_and_a_grey_one_three():
    assert count_parameters(10, 3) == 100
    assert count_parameters(10, 1) == 30


def test_intensities_span_minus_one_to_one():
    assert scaled(torch.arange(5), 5, torch.float32).tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


@settings(max_examples=25)
@given(channels=channels, levels=st.integers(2, 4), mixtures=st.integers(1, 3), seed=st.integers())
def test_the_likelihood_of_all_colours_sums_to_one(channels, levels, mixtures, seed):
    parameters = random_parameters(mixtures, channels, seed % 2**32, size=3.0)
    pixels = every_pixel(levels, channels)
    total = log_probability(parameters.expand(len(pixels), -1), pixels, levels).exp().sum()
    assert_close(total.item(), 1.0, rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(channels=channels, levels=st.integers(2, 4), mixtures=st.integers(1, 3), seed=st.integers())
def test_it_is_the_mixture_of_the_paper_values_and_gradients(channels, levels, mixtures, seed):
    parameters = random_parameters(mixtures, channels, seed % 2**32)
    pixels = every_pixel(levels, channels)
    ours = log_probability(parameters.expand(len(pixels), -1), pixels, levels)
    expected = torch.stack(
        [naive.pixel_log_probability(parameters, tuple(row), levels) for row in pixels.tolist()]
    )
    assert_close(ours, expected, rtol=1e-10, atol=1e-10)
    direction = torch.randn_like(ours)
    gradients = [
        torch.autograd.grad((each * direction).sum(), parameters)[0] for each in (ours, expected)
    ]
    assert_close(*gradients, rtol=1e-8, atol=1e-10)


def test_the_first_and_the_last_level_hold_all_that_is_beyond():
    far = torch.tensor([-50.0, 50.0], dtype=torch.float64)
    masses = log_masses(far, torch.zeros(2, dtype=torch.float64), 256).exp()
    assert_close(masses[:, [0, -1]], torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-12)
    assert_close(masses.sum(dim=-1), torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1e-6, 1.0, 30.0, 1e4, 1e8])
def test_extreme_parameters_have_finite_values_and_gradients_in_single_precision(size):
    parameters = random_parameters(10, 3, seed=0, size=size).float().detach().requires_grad_()
    pixels = torch.tensor([[0, 0, 0], [255, 255, 255], [0, 128, 255], [127, 3, 200]])
    nats = -log_probability(parameters.expand(len(pixels), -1), pixels, 256)
    assert nats.isfinite().all() and (nats > 0).all()
    (gradient,) = torch.autograd.grad(nats.sum(), parameters)
    assert gradient.isfinite().all()


def test_where_the_difference_of_sigmoids_is_lost_the_mass_is_not():
    mean, log_scale = torch.tensor(-1.0), torch.tensor(-3.0)
    single = log_masses(mean, log_scale, 256)
    double = log_masses(mean.double(), log_scale.double(), 256)
    step = torch.tensor([253 / 255 * 2 - 1 - 1 / 255, 253 / 255 * 2 - 1 + 1 / 255])
    lost = torch.sigmoid((step + 1.0) * 20.0855).diff()
    assert lost.item() == 0.0
    assert_close(single.double(), double, rtol=1e-5, atol=1e-5)


def test_parameters_of_half_precision_are_computed_in_single():
    parameters = random_parameters(4, 3, seed=1).detach()
    pixel = torch.tensor([3, 1, 2])
    half = log_probability(parameters.bfloat16(), pixel, 5)
    assert_close(half, log_probability(parameters.bfloat16().float(), pixel, 5))

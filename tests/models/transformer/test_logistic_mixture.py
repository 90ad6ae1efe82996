from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from models.shared.heads import IGNORED
from models.transformer.logistic_mixture import (
    LogisticMixtureHead,
    count_parameters,
    log_mass,
    log_masses,
    scaled,
)
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, ids, random_tensor

pixels_of = given(
    channels=st.sampled_from([1, 2, 3]),
    levels=st.integers(2, 4),
    mixtures=st.integers(1, 3),
    seed=st.integers(0, 1000),
)


def _random_parameters(mixtures: int, channels: int, seed: int, size: float = 1.0) -> Tensor:
    """Parameters of one pixel, in float64."""
    parameters = random_tensor(count_parameters(mixtures, channels), seed=seed) * size
    return parameters.requires_grad_()


def _head(channels: int, levels: int) -> LogisticMixtureHead:
    """A head whose hidden states are the parameters themselves."""
    head = LogisticMixtureHead(1, 1, channels, levels)
    head.output_projection = nn.Identity()
    return head


def _nats(parameters: Tensor, pixels: Tensor, levels: int) -> Tensor:
    """-log p of each channel of pixels (batch, channel), all with the same parameters."""
    hidden = parameters.expand(len(pixels), 1, -1)
    return _head(pixels.shape[1], levels).nats(hidden, pixels)


def _every_pixel(levels: int, channels: int) -> Tensor:
    return torch.tensor(list(product(range(levels), repeat=channels)))


def test_a_colour_pixel_has_ten_parameters_per_mixture_and_a_grey_one_three():
    assert count_parameters(10, 3) == 100
    assert count_parameters(10, 1) == 30
    assert LogisticMixtureHead(8, 10, 3, 256).output_projection.out_features == 100


def test_intensities_span_minus_one_to_one():
    assert scaled(torch.arange(5), 5, torch.float32).tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


@settings(max_examples=25)
@pixels_of
def test_the_likelihood_of_all_colours_sums_to_one(channels, levels, mixtures, seed):
    parameters = _random_parameters(mixtures, channels, seed, size=3.0)
    nats = _nats(parameters, _every_pixel(levels, channels), levels).sum(dim=1)
    assert_close(nats.neg().exp().sum().item(), 1.0, rtol=0, atol=1e-12)


@settings(max_examples=25)
@pixels_of
def test_it_is_the_mixture_of_the_paper(channels, levels, mixtures, seed):
    parameters, pixels = (
        _random_parameters(mixtures, channels, seed),
        _every_pixel(levels, channels),
    )
    ours = -_nats(parameters, pixels, levels).sum(dim=1)
    expected = torch.stack(
        [naive.pixel_log_probability(parameters, tuple(row), levels) for row in pixels.tolist()]
    )
    assert_same_values_and_gradients(ours, expected, [parameters], 1e-9)


@settings(max_examples=25)
@pixels_of
def test_the_logits_of_each_channel_are_those_of_its_nats(channels, levels, mixtures, seed):
    """Of every level, given the channels before it; they are log-probabilities already."""
    parameters, pixels = (
        _random_parameters(mixtures, channels, seed),
        _every_pixel(levels, channels),
    )
    nats, head = _nats(parameters, pixels, levels), _head(channels, levels)
    hidden = parameters.expand(len(pixels), -1)
    for channel in range(channels):
        logits = head.next_logits(hidden, pixels[:, :channel] if channel else None)
        assert_close(logits, logits.log_softmax(dim=-1), rtol=0, atol=1e-12)
        log_probs = logits.gather(-1, pixels[:, channel, None])[:, 0]
        assert_same_values_and_gradients(-nats[:, channel], log_probs, [parameters], 1e-9)


def test_the_gradient_is_that_of_the_nats():
    hidden = random_tensor(2, 3, count_parameters(2, 3)).requires_grad_()
    targets = ids(0, 5, 2, 9)
    targets[0, :4], targets[1, :3] = torch.tensor([0, 4, 0, 4]), torch.tensor([4, 4, 0])
    head = _head(3, 5)
    assert torch.autograd.gradcheck(lambda x: head.nats(x, targets), hidden)


def test_ignored_targets_have_0_nats_and_no_gradient():
    hidden = random_tensor(1, 3, count_parameters(2, 3)).requires_grad_()
    targets = ids(0, 5, 1, 9)
    whole = _head(3, 5).nats(hidden, targets)
    targets[0, 4:] = IGNORED
    nats = _head(3, 5).nats(hidden, targets)
    assert torch.equal(nats[0, :4], whole[0, :4]) and torch.all(nats[0, 4:] == 0.0)
    (gradient,) = torch.autograd.grad(nats.sum(), hidden)
    assert torch.all(gradient[0, 2] == 0.0) and torch.all(gradient[0, 0] != 0.0)


@pytest.mark.parametrize("given", [1, 2, 4, 5])
def test_a_last_pixel_may_lack_channels(given):
    hidden, targets = random_tensor(1, 2, count_parameters(2, 3)), ids(0, 5, 1, 6)
    pixels = -(-given // 3)
    beginning = _head(3, 5).nats(hidden[:, :pixels], targets[:, :given])
    assert_close(beginning, _head(3, 5).nats(hidden, targets)[:, :given])


def test_label_smoothing_is_refused():
    hidden, targets = random_tensor(1, 1, count_parameters(2, 3)), ids(0, 5, 1, 3)
    with pytest.raises(ValueError, match="label smoothing is not defined for .*; use 0.0"):
        _head(3, 5).nats(hidden, targets, 0.1)


class _Largest(TorchDispatchMode):
    """Notes the number of elements of the largest tensor that an operation returns."""

    elements = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        """Run the operation as it is."""
        result = operation(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.elements = max(self.elements, result.numel())
        return result


def test_nats_need_no_mass_of_a_level_that_is_not_observed():
    hidden = random_tensor(4, 8, count_parameters(10, 3)).requires_grad_()
    with _Largest() as largest:
        _head(3, 256).nats(hidden, ids(0, 256, 4, 24)).sum().backward()
    assert largest.elements <= 4 * 8 * count_parameters(10, 3)


def test_the_mass_of_a_level_is_that_among_all():
    means, log_scales = random_tensor(6, seed=1), random_tensor(6, seed=2)
    levels = torch.tensor([0, 1, 3, 7, 8, 8])
    every = log_masses(means, log_scales, 9)
    assert_close(every.exp().sum(dim=-1), torch.ones(6).double())
    expected = every.gather(-1, levels[:, None])[:, 0]
    assert_close(log_mass(levels, means, log_scales, 9), expected)


def test_the_first_and_the_last_level_hold_all_that_is_beyond():
    far = torch.tensor([-50.0, 50.0], dtype=torch.float64)
    masses = log_masses(far, torch.zeros(2, dtype=torch.float64), 256).exp()
    assert_close(masses[:, [0, -1]], torch.eye(2, dtype=torch.float64), rtol=0, atol=1e-12)
    assert_close(masses.sum(dim=-1), torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1e-6, 1.0, 30.0, 1e4, 1e8])
def test_extreme_parameters_have_finite_values_and_gradients_in_single_precision(size):
    parameters = _random_parameters(10, 3, seed=0, size=size).float().detach().requires_grad_()
    pixels = torch.tensor([[0, 0, 0], [255, 255, 255], [0, 128, 255], [127, 3, 200]])
    nats = _nats(parameters, pixels, 256)
    assert nats.isfinite().all() and (nats.sum(dim=1) > 0).all()
    (gradient,) = torch.autograd.grad(nats.sum(), parameters)
    assert gradient.isfinite().all()
    for channel in range(3):
        observed = pixels[:, :channel] if channel else None
        logits = _head(3, 256).next_logits(parameters.expand(4, -1), observed)
        assert logits.isfinite().all()


def test_where_the_difference_of_sigmoids_is_lost_the_mass_is_not():
    mean, log_scale = torch.tensor(-1.0), torch.tensor(-3.0)
    single = log_masses(mean, log_scale, 256)
    double = log_masses(mean.double(), log_scale.double(), 256)
    step = torch.tensor([253 / 255 * 2 - 1 - 1 / 255, 253 / 255 * 2 - 1 + 1 / 255])
    lost = torch.sigmoid((step + 1.0) * 20.0855).diff()
    assert lost.item() == 0.0
    assert_close(single.double(), double, rtol=1e-5, atol=1e-5)


def test_parameters_of_half_precision_are_computed_in_single():
    parameters, pixel = _random_parameters(4, 3, seed=1).detach(), torch.tensor([[3, 1, 2]])
    half = _nats(parameters.bfloat16(), pixel, 5)
    assert half.dtype is torch.float32
    assert_close(half, _nats(parameters.bfloat16().float(), pixel, 5))

"""Discretised mixtures of logistics: the distribution of a pixel (Salimans et al. 2017, section 2).

Levels stand at equal distances in [-1, 1]. A logistic gives each level the mass between the middles
to its neighbours, and all that is beyond to the first and the last one. A pixel has one mixture for
all its channels; inside a mixture, the mean of a channel moves with the channels before it (eq. 3).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_SCALES = (-7.0, 7.0)  # from narrower than a step of 256 levels to wider than all of them


def count_parameters(mixtures: int, channels: int) -> int:
    """Of a pixel: a weight, and for each channel mean, scale and a term per channel before it."""
    return mixtures * (1 + 2 * channels + channels * (channels - 1) // 2)


def scaled(ids: Tensor, levels: int, dtype: torch.dtype) -> Tensor:
    """The intensities 0 .. levels - 1 as numbers in [-1, 1]."""
    return ids.to(dtype) * (2.0 / (levels - 1)) - 1.0


def log_masses(means: Tensor, log_scales: Tensor, levels: int) -> Tensor:
    """log p of each level under logistics of means and log_scales (...): (..., level).

    Exact for any parameters: with a > b, sigmoid(a) - sigmoid(b) is
    sigmoid(a) sigmoid(-b) (1 - exp(b - a)), of which no factor cancels.
    """
    half = 1.0 / (levels - 1)  # of the distance of two levels
    between = torch.arange(1, levels, device=means.device)
    edges = scaled(between, levels, means.dtype) - half
    inverse = torch.exp(-log_scales)[..., None]
    standardised = (edges - means[..., None]) * inverse
    below, above = F.logsigmoid(standardised), F.logsigmoid(-standardised)
    inside = below[..., 1:] + above[..., :-1] + torch.log(-torch.expm1(-2.0 * half * inverse))
    return torch.cat((below[..., :1], inside, above[..., -1:]), dim=-1)


class PixelMixture:
    """The distribution of pixels, channel after channel: `logits` of the next, `observe` it.

    p(c_1) p(c_2 | c_1) ... is the likelihood of eqs. 2 and 3: what a channel is observed to be
    moves the means of those after it, and by Bayes' rule the weights of the mixture.
    """

    def __init__(self, parameters: Tensor, channels: int, levels: int) -> None:
        """`parameters` (..., `count_parameters`) of pixels (...), in float32 at least."""
        parameters = parameters.to(torch.promote_types(parameters.dtype, torch.float32))
        each = count_parameters(1, channels)
        weights, means, log_scales, slopes = parameters.unflatten(-1, (-1, each)).split(
            (1, channels, channels, each - 1 - 2 * channels), dim=-1
        )
        self._log_weights = weights.squeeze(-1).log_softmax(dim=-1)  # (..., mixture)
        self._means = means  # (..., mixture, channel)
        self._log_scales = log_scales.clamp(*LOG_SCALES)
        self._slopes = torch.tanh(slopes)
        self._levels = levels
        self._observed: list[Tensor] = []

    def logits(self) -> Tensor:
        """log p of each level of the next channel, given those observed: (..., level)."""
        return torch.logsumexp(self._log_weights[..., None] + self._next_masses(), dim=-2)

    def observe(self, ids: Tensor) -> None:
        """Take note of the next channel, ids (...)."""
        index = ids[..., None, None].expand(*self._log_weights.shape, 1)
        masses = self._next_masses().gather(-1, index).squeeze(-1)
        self._log_weights = (self._log_weights + masses).log_softmax(dim=-1)
        self._observed.append(scaled(ids, self._levels, masses.dtype)[..., None])

    def reorder(self, rows: Tensor) -> None:
        """Keep the pixels `rows`, in that order."""
        self._log_weights, self._means, self._log_scales, self._slopes = (
            each[rows] for each in (self._log_weights, self._means, self._log_scales, self._slopes)
        )
        self._observed = [intensities[rows] for intensities in self._observed]

    def _next_masses(self) -> Tensor:
        """log p of each level of the next channel in each mixture: (..., mixture, level)."""
        channel = len(self._observed)
        mean = self._means[..., channel]
        first = channel * (channel - 1) // 2  # of its slopes
        for index, intensities in enumerate(self._observed, start=first):
            mean = mean + self._slopes[..., index] * intensities
        return log_masses(mean, self._log_scales[..., channel], self._levels)

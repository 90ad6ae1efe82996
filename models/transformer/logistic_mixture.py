"""Discretised mixtures of logistics: the distribution of a pixel (Salimans et al. 2017, section 2).

A pixel has one mixture for all its channels; inside a mixture, the mean of a channel moves with the
channels before it (eq. 3).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.shared.heads import IGNORED, OutputHead
from models.shared.logistic import log_mass, log_masses, scaled

LOG_SCALES = (-7.0, 7.0)  # from narrower than a step of 256 levels to wider than all of them


def count_parameters(mixtures: int, channels: int) -> int:
    """Of a pixel: a weight, and for each channel mean, scale and a term per channel before it."""
    return mixtures * (1 + 2 * channels + channels * (channels - 1) // 2)


class Mixture(NamedTuple):
    """The parameters of pixels (...), in float32 at least."""

    log_weights: Tensor  # (..., mixture), normalised
    means: Tensor  # (..., mixture, channel)
    log_scales: Tensor  # (..., mixture, channel)
    slopes: Tensor  # (..., mixture, pair of channels): of a channel's mean by a channel before it

    def means_given(self, intensities: Tensor, channels: int) -> Tensor:
        """The means (..., mixture, channel) of the first `channels`, given those before each.

        intensities (..., channel) in [-1, 1], of all but the last of them at least.
        """
        means = []
        for channel in range(channels):
            mean, first = self.means[..., channel], channel * (channel - 1) // 2
            for before in range(channel):
                mean = mean + self.slopes[..., first + before] * intensities[..., before, None]
            means.append(mean)
        return torch.stack(means, dim=-1)


class LogisticMixtureHead(OutputHead):
    """From the hidden state of a pixel to the distribution of its channels, one after the other.

    p(c_1) p(c_2 | c_1) ... is the likelihood of eqs. 2 and 3: by Bayes' rule the observed channels
    move the weights of the mixture, and by eq. 3 the means of those after them.
    """

    def __init__(self, d_model: int, mixtures: int, channels: int, levels: int) -> None:
        super().__init__()
        self.channels, self.levels = channels, levels
        self.output_projection = nn.Linear(d_model, count_parameters(mixtures, channels))

    def nats(self, hidden: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """See OutputHead: hidden (batch, pixel, d_model), targets (batch, channel of a pixel).

        Only the observed level of each logistic is evaluated. Raises ValueError with label
        smoothing, which needs the probability of every level.
        """
        if label_smoothing > 0.0:
            raise ValueError("label smoothing is not defined for a mixture of logistics; use 0.0")
        missing = hidden.shape[1] * self.channels - targets.shape[1]
        ids = F.pad(targets.clamp(min=0), (0, missing)).unflatten(1, (-1, self.channels))
        joint = self._log_joint(self._mixture(hidden), ids).logsumexp(dim=-2)  # (..., channel)
        nats = torch.diff(joint, dim=-1, prepend=torch.zeros_like(joint[..., :1])).neg()
        return nats.flatten(1)[:, : targets.shape[1]] * (targets != IGNORED)

    def next_logits(self, hidden: Tensor, observed: Tensor | None = None) -> Tensor:
        """See OutputHead: hidden (..., d_model), observed (..., channels before the next)."""
        mixture, known = self._mixture(hidden), 0 if observed is None else observed.shape[-1]
        log_weights, intensities = mixture.log_weights, hidden.new_empty(0)
        if known:
            log_weights = self._log_joint(mixture, observed)[..., -1].log_softmax(dim=-1)
            intensities = scaled(observed, self.levels, mixture.means.dtype)
        means = mixture.means_given(intensities, known + 1)[..., -1]
        masses = log_masses(means, mixture.log_scales[..., known], self.levels)
        return torch.logsumexp(log_weights[..., None] + masses, dim=-2)

    def _log_joint(self, mixture: Mixture, ids: Tensor) -> Tensor:
        """log of the weight times p(c_1 .. c_k), (..., mixture, k), of the first channels ids."""
        channels = ids.shape[-1]
        intensities = scaled(ids, self.levels, mixture.means.dtype)
        means = mixture.means_given(intensities, channels)
        scales = mixture.log_scales[..., :channels]
        masses = log_mass(ids[..., None, :], means, scales, self.levels)
        return mixture.log_weights[..., None] + masses.cumsum(dim=-1)

    def _mixture(self, hidden: Tensor) -> Mixture:
        parameters = self.output_projection(hidden)
        parameters = parameters.to(torch.promote_types(parameters.dtype, torch.float32))
        each = count_parameters(1, self.channels)
        sizes = (1, self.channels, self.channels, each - 1 - 2 * self.channels)
        weights, means, log_scales, slopes = parameters.unflatten(-1, (-1, each)).split(
            sizes, dim=-1
        )
        return Mixture(
            weights.squeeze(-1).log_softmax(dim=-1),
            means,
            log_scales.clamp(*LOG_SCALES),
            torch.tanh(slopes),
        )

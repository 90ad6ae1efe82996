"""Discretised mixture of logistics for a pixel (Salimans et al. 2017, section 2).

A pixel has one mixture for all its channels; the mean of a channel depends linearly on the channels
before it (eq. 3).
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from models.shared.heads import IGNORED, OutputHead
from models.shared.logistic import log_mass, log_masses, scaled
from models.shared.products import Linear

LOG_SCALES = (-7.0, 7.0)  # from narrower than one of 256 levels to wider than all


def count_parameters(mixtures: int, channels: int) -> int:
    """Parameters of a pixel: per mixture a weight, means, log scales, and slopes (eq. 3)."""
    return mixtures * (1 + 2 * channels + channels * (channels - 1) // 2)


class Mixture(NamedTuple):
    """Mixture parameters of pixels (...), in float32 or wider."""

    log_weights: Tensor  # (..., mixture), normalised
    means: Tensor  # (..., mixture, channel)
    log_scales: Tensor  # (..., mixture, channel)
    slopes: Tensor  # (..., mixture, channel pair): of a channel's mean in an earlier channel

    def means_given(self, intensities: Tensor, channels: int) -> Tensor:
        """Return means (..., mixture, channel) of the first `channels`, given earlier channels.

        intensities (..., channel) are in [-1, 1]; the last of `channels` may be missing.
        """
        means = []
        for channel in range(channels):
            mean, first = self.means[..., channel], channel * (channel - 1) // 2
            for before in range(channel):
                mean = mean + self.slopes[..., first + before] * intensities[..., before, None]
            means.append(mean)
        return torch.stack(means, dim=-1)


class LogisticMixtureHead(OutputHead):
    """Distribution of the channels of a pixel, one after the other, given its hidden state.

    p(c_1) p(c_2 | c_1) ... is the likelihood of eqs. 2 and 3: observed channels update the mixture
    weights by Bayes' rule and the means of later channels by eq. 3.
    """

    def __init__(self, d_model: int, mixtures: int, channels: int, levels: int) -> None:
        super().__init__()
        self.channels, self.levels = channels, levels
        self.output_projection = Linear(d_model, count_parameters(mixtures, channels))

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
        """See OutputHead: hidden (..., d_model), observed (..., channels already generated)."""
        mixture, known = self._mixture(hidden), 0 if observed is None else observed.shape[-1]
        log_weights, intensities = mixture.log_weights, hidden.new_empty(0)
        if known:
            log_weights = self._log_joint(mixture, observed)[..., -1].log_softmax(dim=-1)
            intensities = scaled(observed, self.levels, mixture.means.dtype)
        means = mixture.means_given(intensities, known + 1)[..., -1]
        masses = log_masses(means, mixture.log_scales[..., known], self.levels)
        return torch.logsumexp(log_weights[..., None] + masses, dim=-2)

    def _log_joint(self, mixture: Mixture, ids: Tensor) -> Tensor:
        """Return log(weight * p(c_1 .. c_k)), (..., mixture, k), for the first channels `ids`."""
        channels = ids.shape[-1]
        intensities = scaled(ids, self.levels, mixture.means.dtype)
        means = mixture.means_given(intensities, channels)
        scales = mixture.log_scales[..., :channels]
        masses = log_mass(ids[..., None, :], means, scales, self.levels)
        return mixture.log_weights[..., None] + masses.cumsum(dim=-1)

    def _mixture(self, hidden: Tensor) -> Mixture:
        parameters = self.output_projection(hidden)
        parameters = parameters.to(torch.promote_types(parameters.dtype, torch.float32))
        per_mixture = count_parameters(1, self.channels)
        sizes = (1, self.channels, self.channels, per_mixture - 1 - 2 * self.channels)
        weights, means, log_scales, slopes = parameters.unflatten(-1, (-1, per_mixture)).split(
            sizes, dim=-1
        )
        return Mixture(
            weights.squeeze(-1).log_softmax(dim=-1),
            means,
            log_scales.clamp(*LOG_SCALES),
            torch.tanh(slopes),
        )

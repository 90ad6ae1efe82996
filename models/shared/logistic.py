"""The discretised logistic distribution (Salimans et al. 2017, section 2.1).

Levels are at equal distances in [-1, 1]. A logistic gives each level the mass between the midpoints
to its neighbours, and the first and the last level all that is beyond.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def scaled(ids: Tensor, levels: int, dtype: torch.dtype) -> Tensor:
    """The intensities 0 .. levels - 1 as numbers in [-1, 1]."""
    return ids.to(dtype) * (2.0 / (levels - 1)) - 1.0


def log_masses(means: Tensor, log_scales: Tensor, levels: int) -> Tensor:
    """log p of each level under logistics of means and log_scales (...): (..., level)."""
    every = torch.arange(levels, device=means.device)
    return log_mass(every, means[..., None], log_scales[..., None], levels)


def log_mass(ids: Tensor, means: Tensor, log_scales: Tensor, levels: int) -> Tensor:
    """log p of the levels ids (...) under logistics of means and log_scales (...), broadcast.

    Exact for any parameters: with a > b, sigmoid(a) - sigmoid(b) is
    sigmoid(a) sigmoid(-b) (1 - exp(b - a)), of which no factor cancels.
    """
    half = 1.0 / (levels - 1)  # of the distance of two levels
    inverse = torch.exp(-log_scales)
    centred = scaled(ids, levels, means.dtype) - means
    below_upper = F.logsigmoid((centred + half) * inverse)
    above_lower = F.logsigmoid((half - centred) * inverse)
    inside = below_upper + above_lower + torch.log(-torch.expm1(-2.0 * half * inverse))
    upwards = torch.where(ids == levels - 1, above_lower, inside)
    return torch.where(ids == 0, below_upper, upwards)

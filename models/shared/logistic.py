"""The discretised logistic distribution (Salimans et al. 2017, section 2.1).

Levels are equally spaced in [-1, 1]. A level has the mass between the midpoints to its neighbours;
the first and the last level include the tails.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def scaled(ids: Tensor, levels: int, dtype: torch.dtype) -> Tensor:
    """Map intensities 0 .. levels - 1 to [-1, 1]."""
    return ids.to(dtype) * (2.0 / (levels - 1)) - 1.0


def log_masses(means: Tensor, log_scales: Tensor, levels: int) -> Tensor:
    """Return log p (..., level) of all levels, for means and log_scales (...)."""
    all_levels = torch.arange(levels, device=means.device)
    return log_mass(all_levels, means[..., None], log_scales[..., None], levels)


def log_mass(ids: Tensor, means: Tensor, log_scales: Tensor, levels: int) -> Tensor:
    """Return log p (...) of the levels `ids`, for means and log_scales that broadcast with them.

    Exact for any parameters: with a > b, sigmoid(a) - sigmoid(b) is
    sigmoid(a) sigmoid(-b) (1 - exp(b - a)), whose factors do not cancel.
    """
    half = 1.0 / (levels - 1)  # of the distance between levels
    inverse = torch.exp(-log_scales)
    centred = scaled(ids, levels, means.dtype) - means
    below_upper = F.logsigmoid((centred + half) * inverse)
    above_lower = F.logsigmoid((half - centred) * inverse)
    inside = below_upper + above_lower + torch.log(-torch.expm1(-2.0 * half * inverse))
    inside_or_last = torch.where(ids == levels - 1, above_lower, inside)
    return torch.where(ids == 0, below_upper, inside_or_last)

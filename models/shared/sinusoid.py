"""Sinusoidal position vectors (Vaswani et al. 2017, section 3.5)."""

import math

import torch
from torch import Tensor


def sinusoid(positions: Tensor, width: int) -> Tensor:
    """Sinusoids with wavelengths from 2 pi to 10000 * 2 pi.

    PE(pos, 2i) = sin(pos / 10000^(2i / width)), PE(pos, 2i + 1) = cos(pos / 10000^(2i / width)).
    Maps positions (...) to vectors (..., width); `width` is even.
    """
    frequencies = torch.exp(
        torch.arange(0, width, 2, device=positions.device) * (-math.log(10000.0) / width)
    )
    angles = positions.unsqueeze(-1) * frequencies
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)

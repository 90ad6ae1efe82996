"""Sinusoids of row and column (Parmar et al. 2018, section 3.1)."""

import torch
from torch import Tensor

from models.shared.coordinates import Grid
from models.shared.positions import InputPositions
from models.shared.sinusoid import sinusoid


def sinusoid_2d(rows: Tensor, columns: Tensor, width: int) -> Tensor:
    """Concatenate a sinusoid of the row and one of the column.

    Maps rows (...) and columns (...) to vectors (..., width); `width` is divisible by 4. In a
    colour image each channel of a pixel is a column.
    """
    return torch.cat((sinusoid(rows, width // 2), sinusoid(columns, width // 2)), dim=-1)


class Sinusoid2D(InputPositions):
    """Add the sinusoids of row and column."""

    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """See InputPositions."""
        return vectors + sinusoid_2d(*grid.coordinates(positions), vectors.shape[-1])

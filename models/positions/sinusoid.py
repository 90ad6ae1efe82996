"""Sinusoids added to the embeddings (Vaswani et al. 2017, section 3.5)."""

from torch import Tensor

from models.shared import sinusoid
from models.shared.coordinates import Grid
from models.shared.positions import InputPositions


class Sinusoid(InputPositions):
    """Add the sinusoid of the position."""

    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """See InputPositions."""
        return vectors + sinusoid.sinusoid(positions, vectors.shape[-1])

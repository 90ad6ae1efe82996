"""No positions: order only comes from the mask, the recurrence or the convolution."""

from torch import Tensor

from models.shared.coordinates import Grid
from models.shared.positions import InputPositions


class NoPositions(InputPositions):
    """Add nothing."""

    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """Return `vectors` unchanged."""
        return vectors

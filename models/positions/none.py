"""No positions: the order shows in the mask, the recurrence or the convolution, if at all."""

from torch import Tensor

from models.shared.coordinates import Grid
from models.shared.positions import InputPositions


class NoPositions(InputPositions):
    """Adds nothing."""

    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """The vectors as they are."""
        return vectors

"""Row, column and channel of each position of an image, in generation order."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from models.settings import Attention, Backend, Full, ImageLayout, Layout
from models.shared.order import block_order


@lru_cache(maxsize=32)
def raster_indices(attention: Attention, height: int, width: int, device: torch.device) -> Tensor:
    """Return `block_order` as a cached tensor (position,)."""
    return torch.tensor(block_order(attention, height, width), device=device)


@dataclass(frozen=True)
class Grid:
    """Coordinates of the positions of an image, in generation order.

    A source pixel of super-resolution is at the centre of the `step` x `step` block of target
    pixels that it averages. Other sequences have a grid of one position, which no scheme uses.
    """

    attention: Attention
    height: int
    width: int
    channels: int
    step: int = 1

    @classmethod
    def of(cls, attention: Attention, layout: Layout) -> "Grid":
        """Return the grid of the target."""
        if not isinstance(layout, ImageLayout):
            return cls(attention, 1, 1, 1)
        return cls(attention, layout.height, layout.width, layout.channels)

    def reduced(self, factor: int) -> "Grid":
        """Return the grid of the source image, `factor` times smaller per axis, in raster order."""
        full = Full(kind="full", backend=Backend.DENSE)
        return Grid(full, self.height // factor, self.width // factor, self.channels, factor)

    def coordinates(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return row and column of positions (length,); each channel of a pixel is a column."""
        length = self.width * self.channels
        raster = raster_indices(self.attention, self.height, length, positions.device)[positions]
        row, column = raster // length, raster % length
        if self.step == 1:
            return row, column
        centre = (self.step - 1) / 2
        pixel, channel = column // self.channels, column % self.channels
        across = pixel * self.step + centre
        return row * self.step + centre, across * self.channels + channel

    def channel(self, positions: Tensor) -> Tensor:
        """Return the colour channel of positions (length,); -1 is the last of the image."""
        order = (self.attention, self.height, self.width * self.channels, positions.device)
        return raster_indices(*order)[positions] % self.channels

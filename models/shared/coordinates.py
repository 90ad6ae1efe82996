"""Where the positions of an image are: row, column and channel of each, in generation order."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from models.settings import Attention, Backend, Full, ImageLayout, Layout
from models.shared.order import block_order


@lru_cache(maxsize=32)
def raster_indices(attention: Attention, height: int, width: int, device: torch.device) -> Tensor:
    """`block_order` as a tensor (position,), made once."""
    return torch.tensor(block_order(attention, height, width), device=device)


@dataclass(frozen=True)
class Grid:
    """The coordinates of the positions of an image, in the order in which it is generated.

    A source pixel of super-resolution is at the centre of the `step` x `step` block of target
    pixels that it averages. A sequence that is no image is a grid of one position, which no scheme
    looks at.
    """

    attention: Attention
    height: int
    width: int
    channels: int
    step: int = 1

    @classmethod
    def of(cls, attention: Attention, layout: Layout) -> "Grid":
        """The grid of the target."""
        if not isinstance(layout, ImageLayout):
            return cls(attention, 1, 1, 1)
        return cls(attention, layout.height, layout.width, layout.channels)

    def reduced(self, factor: int) -> "Grid":
        """The grid of a source image, smaller by `factor` in each direction, in raster order."""
        full = Full(kind="full", backend=Backend.DENSE)
        return Grid(full, self.height // factor, self.width // factor, self.channels, factor)

    def coordinates(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Row and column of each of positions (length,); a column is a channel of a pixel."""
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
        """The colour channel at each of positions (length,); -1 is the last one of the image."""
        order = (self.attention, self.height, self.width * self.channels, positions.device)
        return raster_indices(*order)[positions] % self.channels

"""The layers of the gated PixelCNN (van den Oord et al. 2016, section 2: Conditional
image generation with PixelCNN decoders).

Two stacks of masked convolutions: the vertical one sees all rows above a pixel, the horizontal one
the pixels to its left and, through the vertical one, what is above: no blind spot. Of a kernel of
n x n there remain n // 2 rows above and, but in the first layer, the features' own row (vertical);
n // 2 pixels to the left and a part of the own pixel (horizontal). The channels of a pixel are
predicted one after the other: features are in groups, one for each channel, and a mask says which
groups of its own pixel each of them sees (van den Oord et al. 2016, Pixel recurrent neural
networks, section 3.4). A row or a column of which nothing is seen is not computed.
"""

from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import PixelCnnSettings
from models.shared.dropout import drop


class Mask(Enum):
    """What the features of a channel see of their own pixel."""

    A = "the channels before it"
    B = "the channels before it, and itself"


class MaskedConvolution(nn.Conv2d):
    """A convolution over `reach` pixels to the left and what `mask` leaves of the own pixel.

    `reads` and `writes` are the channels that its input and its output features belong to.
    """

    def __init__(self, reads: Tensor, writes: Tensor, mask: Mask = Mask.B, reach: int = 0) -> None:
        own = reads < writes[:, None] if mask is Mask.A else reads <= writes[:, None]
        columns = reach + int(own.any())  # a grey pixel has no channel before its only one
        super().__init__(len(reads), len(writes), (1, columns))
        kernel_mask = torch.ones_like(self.weight, dtype=torch.bool)
        kernel_mask[..., reach:] = own[:, :, None, None]
        self.register_buffer("kernel_mask", kernel_mask, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map (batch, reads, rows, columns + kernel - 1) to (batch, writes, rows, columns)."""
        return F.conv2d(features, self.weight * self.kernel_mask, self.bias)


class GatedLayer(nn.Module):
    """One layer of both stacks (figure 2): tanh(W_f x + V_f h) * sigmoid(W_g x + V_g h) in each.

    `features` (d_model,) are the channels that the features of the horizontal stack belong to.
    """

    def __init__(self, settings: PixelCnnSettings, mask: Mask, features: Tensor) -> None:
        super().__init__()
        d_model, first = settings.d_model, mask is Mask.A
        width = settings.first_kernel_size if first else settings.kernel_size
        self.mask, self.reach, self.dropout = mask, width // 2, settings.dropout
        rows = self.reach if first else self.reach + 1
        self.vertical = nn.Conv2d(d_model, 2 * d_model, (rows, width))
        self.horizontal = MaskedConvolution(features, features.repeat(2), mask, self.reach)
        self.vertical_to_horizontal = nn.Conv2d(2 * d_model, 2 * d_model, 1)
        self.condition = nn.Linear(d_model, 4 * d_model, bias=False)
        self.out_proj = MaskedConvolution(features, features)

    @property
    def size(self) -> tuple[int, int]:
        """Rows that the vertical stack sees, and columns that the horizontal one sees."""
        return self.vertical.kernel_size[0], self.horizontal.kernel_size[1]

    def forward(self, above: Tensor, left: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Both stacks of an image, each (batch, d_model, rows, width)."""
        (rows, columns), reach = self.size, self.reach
        padded = F.pad(above, (0, 0, reach, rows - 1 - reach))  # an unseen last row is cut off
        above, from_above = self.vertical_stack(padded, condition)
        return above, self.horizontal_stack(F.pad(left, (reach, columns - 1 - reach)), from_above)

    def vertical_stack(self, above: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """The vertical stack: its features, and what the horizontal stack adds to its own.

        Maps above (batch, d_model, rows + size[0] - 1, width) and condition (batch, d_model) to
        (batch, d_model, rows, width) and (batch, 2 * d_model, rows, width).
        """
        seen = self.vertical(F.pad(above, (self.reach, self.reach)))
        to_vertical, to_horizontal = self.condition(condition)[:, :, None, None].chunk(2, dim=1)
        return gate(seen + to_vertical), self.vertical_to_horizontal(seen) + to_horizontal

    def horizontal_stack(self, left: Tensor, from_above: Tensor) -> Tensor:
        """The horizontal stack: its features (batch, d_model, rows, columns).

        `left` is (batch, d_model, rows, columns + size[1] - 1), `from_above` (batch, 2 * d_model,
        rows, columns). The residual connection begins at the second layer, as in the paper.
        """
        gated = gate(self.horizontal(left) + from_above)
        features = self.out_proj(drop(gated, self.dropout, self.training))
        return features if self.mask is Mask.A else features + left[..., self.reach :]


def gate(features: Tensor) -> Tensor:
    """tanh of the first half of the features, times sigmoid of the second (eq. 2)."""
    content, opening = features.chunk(2, dim=1)
    return torch.tanh(content) * torch.sigmoid(opening)

"""Layers of the gated PixelCNN (van den Oord et al. 2016, section 2: Conditional image generation
with PixelCNN decoders).

Two stacks of masked convolutions leave no blind spot: the receptive field of the vertical stack is
all rows above a pixel, that of the horizontal stack the pixels to its left and, through the
vertical stack, all rows above. Of an n x n kernel the vertical stack keeps n // 2 rows above and,
after the first layer, the current row; the horizontal stack keeps n // 2 pixels to the left and a
part of the current pixel. Fully masked rows are not computed.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import PixelCnnSettings
from models.shared.convolution import Conv2d
from models.shared.dropout import drop
from models.shared.pixels import Mask, MaskedConvolution
from models.shared.products import Linear


class GatedLayer(nn.Module):
    """Layer of both stacks (figure 2), each tanh(W_f x + V_f h) * sigmoid(W_g x + V_g h).

    features (d_model,) are the channels of the features of the horizontal stack.
    """

    def __init__(self, settings: PixelCnnSettings, mask: Mask, features: Tensor) -> None:
        super().__init__()
        d_model, first = settings.d_model, mask is Mask.A
        width = settings.first_kernel_size if first else settings.kernel_size
        self.mask, self.reach, self.dropout = mask, width // 2, settings.dropout
        rows = self.reach if first else self.reach + 1
        self.vertical = Conv2d(d_model, 2 * d_model, (rows, width))
        self.horizontal = MaskedConvolution(features, features.repeat(2), mask, self.reach)
        self.vertical_to_horizontal = Conv2d(2 * d_model, 2 * d_model, 1)
        self.condition = Linear(d_model, 4 * d_model, bias=False)
        self.out_proj = MaskedConvolution(features, features)

    @property
    def size(self) -> tuple[int, int]:
        """Kernel rows of the vertical stack, and kernel columns of the horizontal stack."""
        return self.vertical.kernel_size[0], self.horizontal.kernel_size[1]

    def forward(self, above: Tensor, left: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Map both stacks of an image, (batch, d_model, rows, width) each, to the same shapes."""
        (rows, columns), reach = self.size, self.reach
        padded = F.pad(above, (0, 0, reach, rows - 1 - reach))  # cuts off an unused last row
        above, from_above = self.vertical_stack(padded, condition)
        return above, self.horizontal_stack(F.pad(left, (reach, columns - 1 - reach)), from_above)

    def vertical_stack(self, above: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the features of the vertical stack and its input to the horizontal stack.

        Maps above (batch, d_model, rows + size[0] - 1, width) and condition (batch, d_model) to
        (batch, d_model, rows, width) and (batch, 2 * d_model, rows, width).
        """
        convolved = self.vertical(F.pad(above, (self.reach, self.reach)))
        to_vertical, to_horizontal = self.condition(condition)[:, :, None, None].chunk(2, dim=1)
        return gate(convolved + to_vertical), self.vertical_to_horizontal(convolved) + to_horizontal

    def horizontal_stack(self, left: Tensor, from_above: Tensor) -> Tensor:
        """Compute the features (batch, d_model, rows, columns) of the horizontal stack.

        left (batch, d_model, rows, columns + size[1] - 1), from_above (batch, 2 * d_model, rows,
        columns). Residual connections begin at the second layer, as in the paper.
        """
        gated = gate(self.horizontal(left) + from_above)
        features = self.out_proj(drop(gated, self.dropout, self.training))
        return features if self.mask is Mask.A else features + left[..., self.reach :]


def gate(features: Tensor) -> Tensor:
    """Return tanh of the first half of the features times sigmoid of the second (eq. 2)."""
    content, gates = features.chunk(2, dim=1)
    return torch.tanh(content) * torch.sigmoid(gates)

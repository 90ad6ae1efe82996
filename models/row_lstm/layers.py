"""Layers of the Row LSTM (van den Oord et al. 2016, Pixel recurrent neural networks).

A layer reads an image row by row, a whole row at once. What its states see is a triangle: the row
above through a k x 1 convolution of the states, the row above that through one more, and of the
current row k // 2 pixels to the left and a part of the current pixel.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import RowLstmSettings
from models.shared.convolution import Conv2d
from models.shared.dropout import drop
from models.shared.pixels import Mask, MaskedConvolution, channels_of
from models.shared.products import Linear

State = tuple[Tensor, Tensor]  # hidden and cell state of a row, (batch, d_model / 2, 1, width)


class FirstConvolution(nn.Module):
    """n x n convolution with mask A, as one over the rows above and one over the current row."""

    def __init__(self, settings: RowLstmSettings, channels: int) -> None:
        super().__init__()
        self.reach = settings.first_kernel_size // 2
        features = channels_of(settings.d_model, channels)
        kernel = (self.reach, settings.first_kernel_size)
        self.above = Conv2d(settings.d_model, settings.d_model, kernel)
        self.left = MaskedConvolution(features, features, Mask.A, self.reach)

    @property
    def size(self) -> int:
        """Columns of the kernel of the current row."""
        return self.left.kernel_size[1]

    def forward(self, image: Tensor) -> Tensor:
        """Map an image (batch, d_model, rows, width) to the same shape."""
        reach = self.reach
        above = F.pad(image, (0, 0, reach, -1))  # without the last row, which is above none
        return self.from_above(above) + self.left(F.pad(image, (reach, self.size - 1 - reach)))

    def from_above(self, above: Tensor) -> Tensor:
        """Map rows (batch, d_model, rows + reach - 1, width) to (batch, d_model, rows, width)."""
        return self.above(F.pad(above, (self.reach, self.reach)))


class RowLstm(nn.Module):
    """[o, f, i, g] = K_ss * h_(i-1) + K_is * x_i and the cell of an LSTM (eqs. 3 of section 3.1).

    The condition adds to all gates. States are widened by a 1 x 1 convolution and added to the
    layer's input, the residual connection of section 3.3.
    """

    def __init__(self, settings: RowLstmSettings, channels: int) -> None:
        super().__init__()
        d_model, width = settings.d_model, settings.d_model // 2
        self.reach, self.dropout = settings.kernel_size // 2, settings.dropout
        features, states = channels_of(d_model, channels), channels_of(width, channels)
        self.input_to_state = MaskedConvolution(features, states.repeat(4), Mask.B, self.reach)
        self.state_to_state = Conv2d(width, 4 * width, (1, settings.kernel_size))
        self.condition = Linear(d_model, 4 * width, bias=False)
        self.out_proj = MaskedConvolution(states, features)
        with torch.no_grad():  # forget gates start open, as the LSTM's do
            self.input_to_state.bias[width : 2 * width] += 1.0

    def forward(self, image: Tensor, condition: Tensor) -> Tensor:
        """Map (batch, d_model, rows, width) to the same shape; condition (batch, d_model)."""
        gates = self.input_to_state(F.pad(image, (self.reach, 0)))
        state = self.empty_state(image)
        hidden = []
        for row in gates.split(1, dim=2):
            state = self.cell(row + self.from_above(state, condition), state)
            hidden.append(state[0])
        return self.add(image, torch.cat(hidden, dim=2))

    def empty_state(self, image: Tensor) -> State:
        """Return the zero state above the first row of an image (batch, d_model, rows, width)."""
        zeros = image.new_zeros(len(image), self.out_proj.in_channels, 1, image.shape[3])
        return zeros, torch.zeros_like(zeros)

    def from_above(self, state: State, condition: Tensor) -> Tensor:
        """Return what the state of the row above adds to the gates (batch, 4 h, 1, width)."""
        convolved = self.state_to_state(F.pad(state[0], (self.reach, self.reach)))
        return convolved + self.condition(condition)[:, :, None, None]

    def cell(self, gates: Tensor, above: State) -> State:
        """Map gates (batch, 4 h, 1, columns) and the state above these columns to their state."""
        o, f, i, g = gates.chunk(4, dim=1)
        cell = torch.sigmoid(f) * above[1] + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(cell), cell

    def add(self, image: Tensor, hidden: Tensor) -> Tensor:
        """Add hidden states (batch, h, ...) to the input (batch, d_model, ...) of the layer."""
        return image + self.out_proj(drop(hidden, self.dropout, self.training))

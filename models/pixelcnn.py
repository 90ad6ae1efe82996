"""Gated PixelCNN (van den Oord et al. 2016, Conditional image generation, section 2).

Two stacks of masked convolutions: the vertical one sees all rows above a pixel, the horizontal one
the pixels to its left and, through the vertical one, what is above: no blind spot. A mask of type
B on a kernel of n x n keeps n // 2 rows above and the pixel's own row (vertical), n // 2 pixels to
the left and the pixel itself (horizontal); type A, of the first layer, leaves out the own row, and
the pixel itself. A masked part is not computed here: the image is shifted by one row and by one
column, and every kernel ends at the position that it is computed for.
"""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.dropout import drop
from models.settings import DataShape, PixelCnnSettings


class Mask(Enum):
    """What a convolution sees of its own position."""

    A = "the pixels before it"
    B = "the pixels before it, and its own features"


@dataclass
class DecodingState:
    """What is kept between two pixels.

    The vertical stack is computed once a row, for all of its columns, from the last rows of each
    layer's input; the horizontal stack for one pixel, from the last columns of each layer's input.
    So a pixel costs as much at the end of a large image as at its beginning.
    """

    position: int
    condition: Tensor  # (batch, d_model), of the first input
    row: Tensor  # (batch, d_model, 1, width): the pixels drawn last, in their columns
    above: list[Tensor]  # (batch, d_model, vertical reach, width) of each layer
    from_above: list[Tensor]  # (batch, 2 * d_model, 1, width) of each layer
    left: list[Tensor]  # (batch, d_model, 1, horizontal reach) of each layer

    def reorder(self, rows: Tensor, sentences_change: bool) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.condition, self.row = self.condition[rows], self.row[rows]
        self.above = [history[rows] for history in self.above]
        self.from_above = [features[rows] for features in self.from_above]
        self.left = [history[rows] for history in self.left]


class GatedLayer(nn.Module):
    """One layer of both stacks (figure 2): tanh(W_f x + V_f h) * sigmoid(W_g x + V_g h) in each.

    Its kernels have `size` rows (vertical) or columns (horizontal), the last of them the own one.
    """

    def __init__(self, settings: PixelCnnSettings, mask: Mask) -> None:
        super().__init__()
        d_model, first = settings.d_model, mask is Mask.A
        width = settings.first_kernel_size if first else settings.kernel_size
        self.mask, self.sides, self.dropout = mask, width // 2, settings.dropout
        self.size = width // 2 if first else width // 2 + 1
        self.vertical = nn.Conv2d(d_model, 2 * d_model, (self.size, width))
        self.horizontal = nn.Conv2d(d_model, 2 * d_model, (1, self.size))
        self.hand_over = nn.Conv2d(2 * d_model, 2 * d_model, 1)
        self.condition = nn.Linear(d_model, 4 * d_model, bias=False)
        self.combine = nn.Conv2d(d_model, d_model, 1)

    def down(self, above: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """The vertical stack: its features, and what the horizontal stack adds to its own.

        Maps above (batch, d_model, rows + size - 1, width) and condition (batch, d_model) to
        (batch, d_model, rows, width) and (batch, 2 * d_model, rows, width).
        """
        seen = self.vertical(F.pad(above, (self.sides, self.sides)))
        to_vertical, to_horizontal = self.condition(condition)[:, :, None, None].chunk(2, dim=1)
        return gate(seen + to_vertical), self.hand_over(seen) + to_horizontal

    def along(self, left: Tensor, from_above: Tensor) -> Tensor:
        """The horizontal stack: its features (batch, d_model, rows, columns).

        `left` is (batch, d_model, rows, columns + size - 1), `from_above` (batch, 2 * d_model,
        rows, columns). The residual connection begins at the second layer, as in the paper.
        """
        gated = gate(self.horizontal(left) + from_above)
        features = self.combine(drop(gated, self.dropout, self.training))
        return features if self.mask is Mask.A else features + left[..., self.size - 1 :]


class PixelCnn(nn.Module):
    """Predicts each pixel from those before it in raster order, and from the class.

    The first input is the condition h of every gate; the others are the pixels.
    """

    def __init__(self, settings: PixelCnnSettings, shape: DataShape) -> None:
        super().__init__()
        if shape.channels != 1:
            raise ValueError(
                f"architecture = {settings.architecture} is defined for grey images only; "
                "use lstm_decoder or decoder"
            )
        self.settings, self.shape = settings, shape
        self.tokens = nn.Embedding(shape.inputs, settings.d_model)
        masks = [Mask.A] + [Mask.B] * (settings.num_layers - 1)
        self.layers = nn.ModuleList(GatedLayer(settings, mask) for mask in masks)
        self.classify = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(settings.d_model, settings.d_model, 1),
            nn.ReLU(),
            nn.Conv2d(settings.d_model, shape.outputs, 1),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (batch, target) to logits (batch, target, outputs)."""
        vectors = self.tokens(inputs)
        condition, image = vectors[:, 0], self._image(vectors[:, 1:])
        above, left = F.pad(image, (0, 0, 1, -1)), F.pad(image, (1, -1))  # shifted by one
        for layer in self.layers:
            reach = layer.size - 1
            above, from_above = layer.down(F.pad(above, (0, 0, reach, 0)), condition)
            left = layer.along(F.pad(left, (reach, 0)), from_above)
        return self.classify(left).flatten(2).transpose(1, 2)[:, : inputs.shape[1]]

    def begin(self, batch: int, length: int) -> DecodingState:
        """The state before the first pixel."""
        width, d_model = self.shape.width, self.settings.d_model

        def zeros(channels: int, rows: int, columns: int) -> Tensor:
            return self.tokens.weight.new_zeros(batch, channels, rows, columns)

        return DecodingState(
            position=0,
            condition=zeros(d_model, 1, 1)[:, :, 0, 0],
            row=zeros(d_model, 1, width),
            above=[zeros(d_model, layer.size - 1, width) for layer in self.layers],
            from_above=[zeros(2 * d_model, 1, width) for _ in self.layers],
            left=[zeros(d_model, 1, layer.size - 1) for layer in self.layers],
        )

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        vectors = self.tokens(ids)
        column = state.position % self.shape.width
        if state.position == 0:
            state.condition = vectors
        else:
            state.row[:, :, 0, column - 1] = vectors  # the last column, when a row begins
        if column == 0:
            self._go_down(state)
            vectors = torch.zeros_like(vectors)  # nothing stands to the left
        left = vectors[:, :, None, None]
        for index, layer in enumerate(self.layers):
            window = torch.cat((state.left[index], left), dim=3)
            state.left[index] = window[..., 1:]
            left = layer.along(window, state.from_above[index][..., column, None])
        state.position += 1
        return self.classify(left)[:, :, 0, 0]

    def _go_down(self, state: DecodingState) -> None:
        """Begin a row of pixels: the vertical stack reads the one above."""
        above = state.row
        for index, layer in enumerate(self.layers):
            window = torch.cat((state.above[index], above), dim=2)
            state.above[index] = window[:, :, 1:]
            above, state.from_above[index] = layer.down(window, state.condition)
            state.left[index] = torch.zeros_like(state.left[index])

    def _image(self, pixels: Tensor) -> Tensor:
        """Vectors (batch, pixel, d_model) as (batch, d_model, rows, width), filled up with zeros.

        There is room for one pixel more than is given: the one that is predicted last.
        """
        width = self.shape.width
        rows = pixels.shape[1] // width + 1
        filled = F.pad(pixels, (0, 0, 0, rows * width - pixels.shape[1]))
        return filled.unflatten(1, (rows, width)).permute(0, 3, 1, 2)


def gate(features: Tensor) -> Tensor:
    """tanh of the first half of the channels, times sigmoid of the second (eq. 2)."""
    content, opening = features.chunk(2, dim=1)
    return torch.tanh(content) * torch.sigmoid(opening)

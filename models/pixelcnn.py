"""Gated PixelCNN (van den Oord et al. 2016, Conditional image generation, section 2).

Two stacks of masked convolutions: the vertical one sees all rows above a pixel, the horizontal one
the pixels to its left and, through the vertical one, what is above: no blind spot. Of a kernel of
n x n there remain n // 2 rows above and, but in the first layer, the features' own row (vertical);
n // 2 pixels to the left and a part of the own pixel (horizontal). The channels of a pixel are
predicted one after the other: features are in groups, one for each channel, and a mask says which
groups of its own pixel each of them sees (Pixel recurrent neural networks, section 3.4). A row or a
column of which nothing is seen is not computed.
"""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.dropout import drop
from models.settings import DataShape, PixelCnnSettings


class Mask(Enum):
    """What the features of a channel see of their own pixel."""

    A = "the channels before it"
    B = "the channels before it, and itself"


@dataclass
class DecodingState:
    """What is kept between two channels.

    The vertical stack is computed once a row, for all of its columns, from the last rows of each
    layer's input; the horizontal stack for one pixel, anew for each of its channels, from the last
    columns of each layer's input: that for the last channel is complete, and stays. So a pixel
    costs as much at the end of a large image as at its beginning.
    """

    position: int
    condition: Tensor  # (batch, d_model), of the first input
    above: list[Tensor]  # (batch, d_model, rows - 1, width) of each layer
    from_above: list[Tensor]  # (batch, 2 * d_model, 1, width) of each layer
    left: list[Tensor]  # (batch, d_model, 1, reach + width) of each layer; before column 0 zeros

    def reorder(self, rows: Tensor, sentences_change: bool) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.condition = self.condition[rows]
        self.above = [history[rows] for history in self.above]
        self.from_above = [features[rows] for features in self.from_above]
        self.left = [history[rows] for history in self.left]


class MaskedConvolution(nn.Conv2d):
    """A convolution over `reach` pixels to the left and what `mask` leaves of the own pixel.

    `reads` and `writes` are the channels that its input and its output features belong to.
    """

    def __init__(self, reads: Tensor, writes: Tensor, mask: Mask = Mask.B, reach: int = 0) -> None:
        own = reads < writes[:, None] if mask is Mask.A else reads <= writes[:, None]
        columns = reach + int(own.any())  # a grey pixel has no channel before its only one
        super().__init__(len(reads), len(writes), (1, columns))
        seen = torch.ones_like(self.weight, dtype=torch.bool)
        seen[..., reach:] = own[:, :, None, None]
        self.register_buffer("seen", seen, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map (batch, reads, rows, columns + kernel - 1) to (batch, writes, rows, columns)."""
        return F.conv2d(features, self.weight * self.seen, self.bias)


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
        self.hand_over = nn.Conv2d(2 * d_model, 2 * d_model, 1)
        self.condition = nn.Linear(d_model, 4 * d_model, bias=False)
        self.combine = MaskedConvolution(features, features)

    @property
    def size(self) -> tuple[int, int]:
        """Rows that the vertical stack sees, and columns that the horizontal one sees."""
        return self.vertical.kernel_size[0], self.horizontal.kernel_size[1]

    def forward(self, above: Tensor, left: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Both stacks of an image, each (batch, d_model, rows, width)."""
        (rows, columns), reach = self.size, self.reach
        padded = F.pad(above, (0, 0, reach, rows - 1 - reach))  # an unseen last row is cut off
        above, from_above = self.down(padded, condition)
        return above, self.along(F.pad(left, (reach, columns - 1 - reach)), from_above)

    def down(self, above: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """The vertical stack: its features, and what the horizontal stack adds to its own.

        Maps above (batch, d_model, rows + size[0] - 1, width) and condition (batch, d_model) to
        (batch, d_model, rows, width) and (batch, 2 * d_model, rows, width).
        """
        seen = self.vertical(F.pad(above, (self.reach, self.reach)))
        to_vertical, to_horizontal = self.condition(condition)[:, :, None, None].chunk(2, dim=1)
        return gate(seen + to_vertical), self.hand_over(seen) + to_horizontal

    def along(self, left: Tensor, from_above: Tensor) -> Tensor:
        """The horizontal stack: its features (batch, d_model, rows, columns).

        `left` is (batch, d_model, rows, columns + size[1] - 1), `from_above` (batch, 2 * d_model,
        rows, columns). The residual connection begins at the second layer, as in the paper.
        """
        gated = gate(self.horizontal(left) + from_above)
        features = self.combine(drop(gated, self.dropout, self.training))
        return features if self.mask is Mask.A else features + left[..., self.reach :]


class PixelCnn(nn.Module):
    """Predicts each channel of a pixel from those before it in raster order, and from the class.

    The first input is the condition h of every gate; the others are the channels of the pixels. A
    condition has a row of the table, an intensity the part of a row that belongs to its channel.
    """

    def __init__(self, settings: PixelCnnSettings, shape: DataShape) -> None:
        super().__init__()
        _check_fit(settings, shape)
        self.settings, self.shape = settings, shape
        channels = torch.arange(shape.channels)
        features = channels.repeat_interleave(settings.d_model // shape.channels)
        self.tokens = nn.Embedding(shape.inputs, settings.d_model)
        masks = [Mask.A] + [Mask.B] * (settings.num_layers - 1)
        self.layers = nn.ModuleList(GatedLayer(settings, mask, features) for mask in masks)
        self.classify = nn.Sequential(
            nn.ReLU(),
            MaskedConvolution(features, features),
            nn.ReLU(),
            MaskedConvolution(features, channels.repeat_interleave(shape.outputs)),
            nn.Unflatten(1, (shape.channels, shape.outputs)),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (batch, target) to logits (batch, target, outputs)."""
        condition, above = self.tokens(inputs[:, 0]), self._image(inputs[:, 1:])
        left = above
        for layer in self.layers:
            above, left = layer(above, left, condition)
        logits = self.classify(left).permute(0, 3, 4, 1, 2)
        return logits.flatten(1, 3)[:, : inputs.shape[1]]

    def begin(self, batch: int, length: int) -> DecodingState:
        """The state before the first channel of the first pixel."""
        width, d_model = self.shape.width, self.settings.d_model

        def zeros(features: int, rows: int, columns: int) -> Tensor:
            return self.tokens.weight.new_zeros(batch, features, rows, columns)

        return DecodingState(
            position=0,
            condition=zeros(d_model, 1, 1)[:, :, 0, 0],
            above=[zeros(d_model, layer.size[0] - 1, width) for layer in self.layers],
            from_above=[zeros(2 * d_model, 1, width) for _ in self.layers],
            left=[zeros(d_model, 1, layer.reach + width) for layer in self.layers],
        )

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        if state.position == 0:
            state.condition = self.tokens(ids)
        else:
            self._remember(ids, state)
        pixel, channel = divmod(state.position, self.shape.channels)
        column = pixel % self.shape.width
        if column == channel == 0:
            self._go_down(state)
        features = state.left[0][..., self.layers[0].reach + column, None]  # known so far
        for layer, left, from_above in zip(self.layers, state.left, state.from_above, strict=True):
            left[..., layer.reach + column, None] = features
            window = left[..., column : column + layer.size[1]]
            features = layer.along(window, from_above[..., column, None])
        state.position += 1
        return self.classify(features)[:, channel, :, 0, 0]

    def _remember(self, ids: Tensor, state: DecodingState) -> None:
        """Put ids (batch,) of one channel into their pixel: the last of a row, when one begins."""
        pixel, channel = divmod(state.position - 1, self.shape.channels)
        pixels = state.left[0].unflatten(1, (self.shape.channels, -1))
        column = self.layers[0].reach + pixel % self.shape.width
        pixels[:, channel, :, 0, column] = self._embed(ids, channel)

    def _go_down(self, state: DecodingState) -> None:
        """Begin a row of pixels: the vertical stack reads the one above."""
        above = state.left[0][..., self.layers[0].reach :]
        for index, layer in enumerate(self.layers):
            window = torch.cat((state.above[index], above), dim=2)
            state.above[index] = window[:, :, 1:]
            above, state.from_above[index] = layer.down(window, state.condition)

    def _embed(self, ids: Tensor, channel: Tensor | int) -> Tensor:
        """Vectors (..., d_model / channels) of intensities of `channel`."""
        channels = self.shape.channels
        parts = self.tokens.weight.view(-1, self.settings.d_model // channels)
        return F.embedding(ids * channels + channel, parts)

    def _image(self, ids: Tensor) -> Tensor:
        """Vectors of ids (batch, channel of a pixel) as (batch, d_model, rows, width).

        There is room for one channel more than is given, the one that is predicted last, and what
        is not given is zero.
        """
        width, channels, given = self.shape.width, self.shape.channels, ids.shape[1]
        vectors = self._embed(ids, torch.arange(given, device=ids.device) % channels)
        rows = given // (width * channels) + 1
        filled = F.pad(vectors, (0, 0, 0, rows * width * channels - given))
        return filled.unflatten(1, (rows, width, channels)).flatten(3).permute(0, 3, 1, 2)


def _check_fit(settings: PixelCnnSettings, shape: DataShape) -> None:
    if shape.channels is None:
        raise ValueError(
            f"architecture = {settings.architecture} is defined for images only; "
            "use lstm_decoder or decoder"
        )
    if settings.d_model % shape.channels:
        raise ValueError(
            f"d_model = {settings.d_model} is not divisible by the {shape.channels} channels of a "
            "pixel; choose a multiple"
        )


def gate(features: Tensor) -> Tensor:
    """tanh of the first half of the features, times sigmoid of the second (eq. 2)."""
    content, opening = features.chunk(2, dim=1)
    return torch.tanh(content) * torch.sigmoid(opening)

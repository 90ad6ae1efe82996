"""Gated PixelCNN (van den Oord et al. 2016, Conditional image generation, section 2)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.pixelcnn.layers import GatedLayer
from models.settings import DataShape, PixelCnnSettings
from models.shared.base import AutoregressiveModel, State
from models.shared.pixels import ChannelSoftmax, Mask, PixelEmbedding, channels_of


@dataclass
class Past:
    """Decoding state.

    The vertical stack is computed once per row, from the last rows of each layer's input; the
    horizontal stack once per channel of a pixel, from the last columns of each layer's input, which
    are complete with the last channel. A pixel therefore has constant cost.
    """

    condition: Tensor  # (batch, d_model): embedding of the first input
    above: list[Tensor]  # (batch, d_model, rows - 1, width) of each layer
    from_above: list[Tensor]  # (batch, 2 * d_model, 1, width) of each layer
    left: list[Tensor]  # (batch, d_model, 1, reach + width) of each layer; zeros before column 0
    channels: list[Tensor]  # (batch,) each: channels of the current pixel fed so far

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.condition = self.condition[rows]
        self.above = [history[rows] for history in self.above]
        self.from_above = [features[rows] for features in self.from_above]
        self.left = [history[rows] for history in self.left]
        self.channels = [ids[rows] for ids in self.channels]


class PixelCnn(AutoregressiveModel):
    """Predicts each channel of a pixel from those before it in raster order and the class.

    The first input is the condition h of every gate; the others are the channels of the pixels.
    """

    def __init__(self, settings: PixelCnnSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        channels = shape.layout.channels
        features = channels_of(settings.d_model, channels)
        self.tokens = PixelEmbedding(shape, settings.d_model)
        masks = [Mask.A] + [Mask.B] * (settings.num_layers - 1)
        self.layers = nn.ModuleList(GatedLayer(settings, mask, features) for mask in masks)
        self.head = ChannelSoftmax(features, channels, shape.outputs)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) to hidden states (batch, pixel, d_model)."""
        condition, above = self.tokens(inputs[:, 0]), self.tokens.image(inputs[:, 1:])
        left = above
        for layer in self.layers:
            above, left = layer(above, left, condition)
        return left.flatten(2).transpose(1, 2)

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """See AutoregressiveModel."""
        width, d_model = self.shape.layout.width, self.settings.d_model

        def zeros(features: int, rows: int, columns: int) -> Tensor:
            return self.tokens.weight.new_zeros(copies, features, rows, columns)

        past = Past(
            condition=zeros(d_model, 1, 1)[:, :, 0, 0],
            above=[zeros(d_model, layer.size[0] - 1, width) for layer in self.layers],
            from_above=[zeros(2 * d_model, 1, width) for _ in self.layers],
            left=[zeros(d_model, 1, layer.reach + width) for layer in self.layers],
            channels=[],
        )
        return State(past, copies)

    def step(self, ids: Tensor, state: State) -> Tensor:
        """See AutoregressiveModel."""
        past: Past = state.past
        if state.position == 0:
            past.condition = self.tokens(ids)
        else:
            self._write_channel(ids, state)
        pixel, channel = divmod(state.position, self.shape.layout.channels)
        past.channels = [*past.channels, ids] if channel else []
        column = pixel % self.shape.layout.width
        if column == channel == 0:
            self._start_row(past)
        features = past.left[0][..., self.layers[0].reach + column, None]  # of channels fed so far
        for layer, left, from_above in zip(self.layers, past.left, past.from_above, strict=True):
            left[..., layer.reach + column, None] = features
            window = left[..., column : column + layer.size[1]]
            features = layer.horizontal_stack(window, from_above[..., column, None])
        state.position += 1
        observed = torch.stack(past.channels, dim=-1) if past.channels else None
        return self.head.next_logits(features[..., 0, 0], observed)

    def _write_channel(self, ids: Tensor, state: State) -> None:
        """Write the embedding of the channel ids (batch,) into the first layer's input."""
        pixel, channel = divmod(state.position - 1, self.shape.layout.channels)
        pixels = state.past.left[0].unflatten(1, (self.shape.layout.channels, -1))
        column = self.layers[0].reach + pixel % self.shape.layout.width
        pixels[:, channel, :, 0, column] = self.tokens.of_channel(ids, channel)

    def _start_row(self, past: Past) -> None:
        """Advance the vertical stack by the finished row of pixels."""
        above = past.left[0][..., self.layers[0].reach :]
        for index, layer in enumerate(self.layers):
            window = torch.cat((past.above[index], above), dim=2)
            past.above[index] = window[:, :, 1:]
            above, past.from_above[index] = layer.vertical_stack(window, past.condition)


def build(settings: PixelCnnSettings, shape: DataShape) -> AutoregressiveModel:
    """Return a freshly initialised gated PixelCNN."""
    return PixelCnn(settings, shape)

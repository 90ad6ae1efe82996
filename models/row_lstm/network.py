"""Row LSTM (van den Oord et al. 2016, Pixel recurrent neural networks, section 3.1)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.row_lstm.layers import FirstConvolution, RowLstm, State
from models.settings import DataShape, RowLstmSettings
from models.shared.base import AutoregressiveModel
from models.shared.base import State as DecodingState
from models.shared.pixels import ChannelSoftmax, PixelEmbedding, channels_of


@dataclass
class Past:
    """Decoding state.

    What the rows above add is computed once per row, the current row once per channel of a pixel,
    from the last columns of each layer's input, which are complete with the last channel. A pixel
    therefore has constant cost.
    """

    condition: Tensor  # (batch, d_model): embedding of the first input
    above: Tensor  # (batch, d_model, reach, width): the last rows of the image
    from_above: list[Tensor]  # (batch, features, 1, width) of the convolution and of each layer
    left: list[Tensor]  # (batch, d_model, 1, reach + width) of each; zeros before column 0
    states: list[State]  # of each layer, of the row above
    current: list[State]  # of each layer, of the columns that are finished
    channels: list[Tensor]  # (batch,) each: channels of the current pixel fed so far

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.condition, self.above = self.condition[rows], self.above[rows]
        self.from_above = [features[rows] for features in self.from_above]
        self.left = [history[rows] for history in self.left]
        self.states = [(hidden[rows], cell[rows]) for hidden, cell in self.states]
        self.current = [(hidden[rows], cell[rows]) for hidden, cell in self.current]
        self.channels = [ids[rows] for ids in self.channels]


class RowLstmNetwork(AutoregressiveModel):
    """Predicts each channel of a pixel from those before it in raster order and the class.

    The first input is the condition of every layer's gates; the others are the channels of the
    pixels.
    """

    def __init__(self, settings: RowLstmSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        channels = shape.layout.channels
        self.tokens = PixelEmbedding(shape, settings.d_model)
        self.first = FirstConvolution(settings, channels)
        self.layers = nn.ModuleList(RowLstm(settings, channels) for _ in range(settings.num_layers))
        features = channels_of(settings.d_model, channels)
        self.head = ChannelSoftmax(features, channels, shape.outputs)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) to hidden states (batch, pixel, d_model)."""
        condition = self.tokens(inputs[:, 0])
        hidden = self.first(self.tokens.image(inputs[:, 1:]))
        for layer in self.layers:
            hidden = layer(hidden, condition)
        return hidden.flatten(2).transpose(1, 2)

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> DecodingState:
        """See AutoregressiveModel."""
        width, d_model = self.shape.layout.width, self.settings.d_model

        def zeros(features: int, rows: int, columns: int) -> Tensor:
            return self.tokens.weight.new_zeros(copies, features, rows, columns)

        row = zeros(d_model, 1, width)
        past = Past(
            condition=zeros(d_model, 1, 1)[:, :, 0, 0],
            above=zeros(d_model, self.first.reach, width),
            from_above=[],
            left=[zeros(d_model, 1, each.reach + width) for each in (self.first, *self.layers)],
            states=[layer.empty_state(row) for layer in self.layers],
            current=[layer.empty_state(row) for layer in self.layers],
            channels=[],
        )
        return DecodingState(past, copies)

    def step(self, ids: Tensor, state: DecodingState) -> Tensor:
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
            self._start_row(past, is_first=state.position == 0)
        features = self._column(past, column)
        state.position += 1
        observed = torch.stack(past.channels, dim=-1) if past.channels else None
        return self.head.next_logits(features[..., 0, 0], observed)

    def _column(self, past: Past, column: int) -> Tensor:
        """Compute the features (batch, d_model, 1, 1) of a column from the channels fed so far."""
        at = slice(column, column + 1)
        window = past.left[0][..., column : column + self.first.size]
        features = past.from_above[0][..., at] + self.first.left(window)
        for index, layer in enumerate(self.layers):
            left = past.left[1 + index]
            left[..., layer.reach + column, None] = features
            gates = layer.input_to_state(left[..., column : column + layer.reach + 1])
            above = tuple(tensor[..., at] for tensor in past.states[index])
            reached = layer.cell(gates + past.from_above[1 + index][..., at], above)
            for tensor, value in zip(past.current[index], reached, strict=True):
                tensor[..., at] = value
            features = layer.add(features, reached[0])
        return features

    def _write_channel(self, ids: Tensor, state: DecodingState) -> None:
        """Write the embedding of the channel ids (batch,) into the current row of the image."""
        pixel, channel = divmod(state.position - 1, self.shape.layout.channels)
        pixels = state.past.left[0].unflatten(1, (self.shape.layout.channels, -1))
        column = self.first.reach + pixel % self.shape.layout.width
        pixels[:, channel, :, 0, column] = self.tokens.of_channel(ids, channel)

    def _start_row(self, past: Past, is_first: bool) -> None:
        """Compute what the finished rows add to the next one."""
        if not is_first:
            row = past.left[0][..., self.first.reach :]
            past.above = torch.cat((past.above[:, :, 1:], row), dim=2)
            past.states = past.current
            past.current = [(h.clone(), c.clone()) for h, c in past.current]
        past.from_above = [
            self.first.from_above(past.above),
            *(
                layer.from_above(state, past.condition)
                for layer, state in zip(self.layers, past.states, strict=True)
            ),
        ]


def build(settings: RowLstmSettings, shape: DataShape) -> AutoregressiveModel:
    """Return a freshly initialised Row LSTM."""
    return RowLstmNetwork(settings, shape)

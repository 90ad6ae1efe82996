"""Recurrent networks: the encoder-decoder of GNMT and the language model of Performance RNN.

A position follows from the state that the one before it left, so `advance` is `forward` over a
single position; in training the layers run over all positions of a batch one after the other.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.dropout import drop
from models.layers import Memory
from models.settings import DataShape, LstmDecoderSettings, LstmEncoderDecoderSettings
from models.stepwise import StepwiseEncoderDecoder
from models.transformer import PADDING


@dataclass
class DecodingState:
    """What is kept between two positions: hidden and cell of each layer, and the source if any."""

    layers: list[tuple[Tensor, Tensor]]  # (1, batch, d_model) each
    memory: Memory | None

    def reorder(self, rows: Tensor, sentences_change: bool) -> None:
        """Keep the batch rows `rows`, in that order; the source moves if `sentences_change`."""
        self.layers = [(hidden[:, rows], cell[:, rows]) for hidden, cell in self.layers]
        if sentences_change and self.memory is not None:
            self.memory = self.memory.select(rows)


class AdditiveAttention(nn.Module):
    """A network with one hidden layer scores query and key: v^T tanh(W_q q + W_k k).

    Wu et al. 2016, eq. 4; Bahdanau et al. 2015, section A.1.2.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.project_query = nn.Linear(d_model, d_model)
        self.project_key = nn.Linear(d_model, d_model, bias=False)
        self.score = nn.Linear(d_model, 1, bias=False)

    def remember(self, encoded: Tensor, visible: Tensor) -> Memory:
        """Keep encoded (batch, source, d_model) with its keys; visible (batch, source)."""
        return Memory((self.project_key(encoded), encoded), visible[:, None])

    def forward(self, query: Tensor, memory: Memory) -> Tensor:
        """The context of each query (batch, target, d_model), in the same shape."""
        key, value = memory.remembered
        hidden = torch.tanh(self.project_query(query)[:, :, None] + key[:, None])
        logits = self.score(hidden).squeeze(-1).masked_fill(~memory.visible, -torch.inf)
        return logits.softmax(dim=-1) @ value


class LstmEncoderDecoder(StepwiseEncoderDecoder[DecodingState]):
    """Predicts each target token from the source and the target tokens before it (GNMT).

    As in Wu et al. 2016, section 3: the first encoder layer reads in both directions; residual
    connections between layers; the first decoder layer asks the attention, and the context goes to
    all layers above it. Smaller than there: a direction has half the width, so that residual
    connections can begin at the second layer and not at the third; and source, target and softmax
    share one matrix, as in our other translators, whose vocabulary is joint.
    """

    def __init__(self, settings: LstmEncoderDecoderSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        d_model, above_first = settings.d_model, range(settings.num_layers - 1)
        self.tokens = nn.Embedding(shape.inputs, d_model)
        self.forwards = lstm(d_model, d_model // 2)
        self.backwards = lstm(d_model, d_model // 2)
        self.encoder = nn.ModuleList(lstm(d_model, d_model) for _ in above_first)
        self.first = lstm(d_model, d_model)
        self.attention = AdditiveAttention(d_model)
        self.decoder = nn.ModuleList(lstm(2 * d_model, d_model) for _ in above_first)
        nn.init.normal_(self.tokens.weight, std=d_model**-0.5)

    def _start(self, memory: Memory) -> DecodingState:
        batch = len(memory.visible)
        return DecodingState(zeros(self.settings.num_layers, batch, self.tokens.weight), memory)

    def _remember(self, source: Tensor) -> Memory:
        visible = source != PADDING
        embedded = self._embed(source)
        mirror = mirrored(visible.sum(dim=1), source.shape[1])[:, :, None].expand_as(embedded)
        from_left, _ = self.forwards(embedded)
        from_right, _ = self.backwards(embedded.gather(1, mirror))
        from_right = from_right.gather(1, mirror[:, :, : from_right.shape[2]])
        hidden = torch.cat((from_left, from_right), dim=-1)
        for layer in self.encoder:
            above, _ = layer(self._drop(hidden))
            hidden = hidden + above
        return self.attention.remember(hidden, visible)

    def _decode(self, ids: Tensor, state: DecodingState) -> Tensor:
        hidden, state.layers[0] = self.first(self._embed(ids), state.layers[0])
        context = self.attention(hidden, state.memory)
        for index, layer in enumerate(self.decoder, start=1):
            inputs = self._drop(torch.cat((hidden, context), dim=-1))
            above, state.layers[index] = layer(inputs, state.layers[index])
            hidden = hidden + above
        return self._drop(hidden) @ self.tokens.weight.T

    def _embed(self, ids: Tensor) -> Tensor:
        return self._drop(self.tokens(ids) * math.sqrt(self.settings.d_model))

    def _drop(self, inputs: Tensor) -> Tensor:
        return drop(inputs, self.settings.dropout, self.training)


class LstmDecoder(nn.Module):
    """Predicts each token from those before it: Performance RNN (Simon and Oore 2017).

    Dropout on what goes from layer to layer, none on what goes from position to position
    (Zaremba et al. 2014).
    """

    def __init__(self, settings: LstmDecoderSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.tokens = nn.Embedding(shape.inputs, settings.d_model)
        self.layers = nn.ModuleList(
            lstm(settings.d_model, settings.d_model) for _ in range(settings.num_layers)
        )
        self.classify = nn.Linear(settings.d_model, shape.outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (batch, target) to logits (batch, target, outputs)."""
        return self._decode(inputs, self.begin(*inputs.shape))

    def begin(self, batch: int, length: int) -> DecodingState:
        """The state before the first position."""
        return DecodingState(zeros(self.settings.num_layers, batch, self.tokens.weight), None)

    def advance(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        return self._decode(ids[:, None], state)[:, 0]

    def _decode(self, ids: Tensor, state: DecodingState) -> Tensor:
        """Logits (batch, target, outputs) after each of ids (batch, target); advances `state`."""
        hidden = self._drop(self.tokens(ids))
        for index, layer in enumerate(self.layers):
            hidden, state.layers[index] = layer(hidden, state.layers[index])
            hidden = self._drop(hidden)
        return self.classify(hidden)

    def _drop(self, inputs: Tensor) -> Tensor:
        return drop(inputs, self.settings.dropout, self.training)


def lstm(inputs: int, outputs: int) -> nn.LSTM:
    """One layer, (batch, length, inputs) to (batch, length, outputs).

    The forget gate starts open, with a bias of 1 (Jozefowicz et al. 2015, section 2.2), and the
    recurrent matrix of each gate orthogonal (Saxe et al. 2014): smaller weights fade in a stack.
    """
    layer = nn.LSTM(inputs, outputs, batch_first=True)
    for gate in layer.weight_ih_l0.detach().chunk(4):  # in the order i, f, g, o
        nn.init.xavier_uniform_(gate)
    for gate in layer.weight_hh_l0.detach().chunk(4):
        nn.init.orthogonal_(gate)
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    nn.init.ones_(layer.bias_ih_l0.detach()[outputs : 2 * outputs])
    return layer


def zeros(layers: int, batch: int, like: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Hidden and cell of each layer before the first position, as wide as `like` (..., d_model)."""
    shape = 1, batch, like.shape[-1]
    return [(like.new_zeros(shape), like.new_zeros(shape)) for _ in range(layers)]


def mirrored(lengths: Tensor, longest: int) -> Tensor:
    """Where the token stands that a backward reading meets at each position, (batch, longest).

    Rows of `lengths` (batch,) are read from their last token on; padding stays behind them, where
    no token sees it. Mirroring twice is the identity.
    """
    positions = torch.arange(longest, device=lengths.device)
    back = lengths[:, None] - 1 - positions
    return torch.where(back >= 0, back, positions)

"""Convolutional encoder-decoder ConvS2S (Gehring et al. 2017).

The receptive field of a decoder layer is the position and the `kernel_size - 1` before it, whose
inputs are kept, so `step` is `forward` over one position at constant cost.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from models.settings import ConvS2SSettings, DataShape
from models.shared.base import PADDING, AutoregressiveModel, Memory, State
from models.shared.convolution import Conv1d
from models.shared.dropout import drop
from models.shared.heads import Softmax
from models.shared.products import Linear, matmul
from models.shared.sinusoid import sinusoid

HALF = math.sqrt(0.5)  # keeps the variance of a sum of two (section 3.4)
DEVIATION = 0.1  # standard deviation of embeddings and positions (section 3.5)


@dataclass
class Past:
    """Decoding state: the last inputs of each layer, (batch, kernel_size - 1, d_model) each."""

    histories: list[Tensor]

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.histories = [history[rows] for history in self.histories]


class GatedConvolution(nn.Module):
    """Dropout, a convolution, and a gated linear unit: (X * W + b) sigmoid(X * V + c)."""

    def __init__(self, settings: ConvS2SSettings) -> None:
        super().__init__()
        d_model, kernel_size = settings.d_model, settings.kernel_size
        self.dropout = settings.dropout
        convolve = Conv1d(d_model, 2 * d_model, kernel_size)
        # A gated linear unit quarters the variance (section 3.5).
        initialise(convolve, 4.0 * (1.0 - settings.dropout) / (kernel_size * d_model))
        self.convolve = weight_norm(convolve)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (batch, length + kernel_size - 1, d_model) to (batch, length, d_model)."""
        dropped = drop(inputs, self.dropout, self.training)
        return F.glu(self.convolve(dropped.transpose(1, 2)), dim=1).transpose(1, 2)


class DecoderLayer(nn.Module):
    """A gated convolution over the target, then attention to the source (section 3.3)."""

    def __init__(self, settings: ConvS2SSettings) -> None:
        super().__init__()
        self.convolution = GatedConvolution(settings)
        project = Linear(settings.d_model, settings.d_model)
        initialise(project, 1.0 / settings.d_model)
        self.project_query = weight_norm(project)

    def forward(self, window: Tensor, embedded: Tensor, memory: Memory) -> Tensor:
        """Map window (batch, target + kernel_size - 1, d_model) to (batch, target, d_model).

        The last `target` positions of the window are the layer's inputs; embedded (batch, target,
        d_model) are their token embeddings, which are added to the query (eq. 1).
        """
        gated = self.convolution(window)
        query = (self.project_query(gated) + embedded) * HALF
        context = attention(query, memory)
        return ((gated + context) * HALF + window[:, -embedded.shape[1] :]) * HALF


class ConvS2S(AutoregressiveModel):
    """Predicts each target token from the source and the target tokens before it.

    Attention in every decoder layer, gated linear units, residual sums scaled by sqrt(0.5), weight
    normalisation. The order of the sums is that of the authors' code (fairseq). Unlike there, all
    layers have one width, so that embeddings need no projection; positions are sinusoids scaled to
    the deviation of learned ones, without a maximum length; and source, target and softmax share
    one matrix, because the vocabulary is joint.
    """

    def __init__(self, settings: ConvS2SSettings, shape: DataShape) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.tokens = nn.Embedding(shape.inputs, settings.d_model)
        self.encoder = nn.ModuleList(GatedConvolution(settings) for _ in range(settings.num_layers))
        self.decoder = nn.ModuleList(DecoderLayer(settings) for _ in range(settings.num_layers))
        self.head = Softmax(settings.d_model, shape.outputs, self.tokens)
        nn.init.normal_(self.tokens.weight, std=DEVIATION)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) and source (batch, source) to (batch, target, d_model)."""
        memory = self._encode(source)
        return self._decode(inputs, self._empty_past(len(inputs)), memory, 0)

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """See AutoregressiveModel."""
        return State(self._empty_past(len(source) * copies), copies, [self._encode(source)])

    def step(self, ids: Tensor, state: State) -> Tensor:
        """See AutoregressiveModel."""
        hidden = self._decode(ids[:, None], state.past, *state.memories, state.position)
        state.position += 1
        return self.head.next_logits(hidden[:, 0])

    def _empty_past(self, batch: int) -> Past:
        shape = batch, self.settings.kernel_size - 1, self.settings.d_model
        return Past([self.tokens.weight.new_zeros(shape) for _ in self.decoder])

    def _encode(self, source: Tensor) -> Memory:
        padding = (source == PADDING)[:, :, None]
        reach = self.settings.kernel_size // 2
        embedded = self._embed(source, 0)
        hidden = embedded
        for layer in self.encoder:
            hidden = hidden.masked_fill(padding, 0.0)  # as if the sentence ended there
            hidden = (layer(F.pad(hidden, (0, 0, reach, reach))) + hidden) * HALF
        key = scale_gradient(hidden, 1.0 / len(self.decoder))
        return Memory(key, (key + embedded) * HALF, ~padding.transpose(1, 2))

    def _decode(self, ids: Tensor, past: Past, memory: Memory, first: int) -> Tensor:
        """Map ids (batch, target), the first at position `first`, to (batch, target, d_model).

        Updates `past` in place.
        """
        embedded = self._embed(ids, first)
        hidden = embedded
        for index, layer in enumerate(self.decoder):
            window = torch.cat((past.histories[index], hidden), dim=1)
            past.histories[index] = window[:, ids.shape[1] :]
            hidden = layer(window, embedded, memory)
        return self._drop(hidden)

    def _embed(self, ids: Tensor, first: int) -> Tensor:
        """Map ids (batch, length), the first at position `first`, to (batch, length, d_model)."""
        positions = torch.arange(first, first + ids.shape[1], device=ids.device)
        sinusoids = sinusoid(positions, self.settings.d_model) * (DEVIATION * math.sqrt(2.0))
        return self._drop(self.tokens(ids) + sinusoids)

    def _drop(self, inputs: Tensor) -> Tensor:
        return drop(inputs, self.settings.dropout, self.training)


def build(settings: ConvS2SSettings, shape: DataShape) -> AutoregressiveModel:
    """Return a freshly initialised ConvS2S."""
    return ConvS2S(settings, shape)


def attention(query: Tensor, memory: Memory) -> Tensor:
    """softmax(Q K^T) V sqrt(m) for queries (batch, target, d_model) and m source tokens (eq. 2).

    The factor sqrt(m) restores the deviation, which a mean of m values divides by it (section 3.4).
    Consecutive rows may share a source: `memory` has one row per source.
    """
    by_source = query.reshape(len(memory.key), -1, query.shape[-1])
    logits = matmul(by_source, memory.key.transpose(1, 2)).masked_fill(~memory.mask, -torch.inf)
    count = memory.mask.sum(dim=-1, keepdim=True).to(query.dtype)
    return (matmul(logits.softmax(dim=-1), memory.value) / count.rsqrt()).view_as(query)


def initialise(layer: nn.Linear | nn.Conv1d, variance: float) -> None:
    """Initialise with normal weights of the given variance and zero biases."""
    nn.init.normal_(layer.weight, std=math.sqrt(variance))
    nn.init.zeros_(layer.bias)


def scale_gradient(values: Tensor, factor: float) -> Tensor:
    """Return `values` with their gradient multiplied by `factor`.

    The encoder receives gradients from the attention of every decoder layer (section 3.4).
    """
    return values * factor + values.detach() * (1.0 - factor)

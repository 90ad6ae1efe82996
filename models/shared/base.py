"""The contract of every network and, of an autoregressive one, its decoding state.

Training and likelihood go through `forward` and the head's `nats`, all positions at once; decoding
through `init_state` and `step`, one position at a time. Tests hold the two equal.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from models.settings import DataShape, ModelSettings
from models.shared.heads import Head, OutputHead

PADDING = 0  # id of padding in a source, of a node and of an edge's label; it is masked


@dataclass
class Memory:
    """The encoded source for one attention layer: keys, values and padding mask.

    `key` and `value` (source, ..., position, features); `mask` broadcasts to (source, ..., query,
    position) and is False at padding. The first axis of each is the source, whatever form a step
    gives to the others.
    """

    key: Tensor
    value: Tensor
    mask: Tensor

    def select(self, sources: Tensor) -> "Memory":
        """Select the rows `sources`, in that order."""
        tensors = self.key, self.value, self.mask
        return Memory(*(tensor.index_select(0, sources) for tensor in tensors))


class Past(Protocol):
    """Decoding state of an architecture for the positions fed so far."""

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""


@dataclass
class State:
    """Decoding state of any network, with or without a source.

    The batch has `copies` consecutive rows per source, which share its `memories` (one per layer
    that attends to it; empty without a source).
    """

    past: Past
    copies: int = 1
    memories: list[Memory] = field(default_factory=list)
    position: int = 0

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order, as after a step of beam search.

        Rows of a source have to stay consecutive, `copies` per source.
        """
        self.past.reorder(rows)
        if not self.memories:
            return
        sources = rows[:: self.copies] // self.copies
        count = len(self.memories[0].key)
        if not torch.equal(sources, torch.arange(count, device=rows.device)):
            self.memories = [memory.select(sources) for memory in self.memories]


@dataclass
class RowState:
    """Decoding state of rows that differ in their lengths, each with its own source if any.

    `lengths` (row,) are the positions fed of each row. To take some back, lower them: what is fed
    next follows the first `lengths` of a row.
    """

    past: Past
    lengths: Tensor
    memories: list[Memory] = field(default_factory=list)

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.past.reorder(rows)
        self.lengths = self.lengths.index_select(0, rows)
        self.memories = [memory.select(rows) for memory in self.memories]


class Model(nn.Module, ABC):
    """Predicts targets from inputs and, if there is one, from a source.

    A network of graphs reads nodes, inputs (batch, node), with labelled edges, source (batch, query
    node, key node), and predicts a number for each graph, targets (batch, 1). A classifier reads
    inputs (batch, token) and predicts the class of each passage, targets (batch, 1).
    """

    settings: ModelSettings
    shape: DataShape
    head: Head

    @abstractmethod
    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs and source to hidden states for `head`.

        Those of graphs and of classifiers are (batch, d_model).
        """

    def nats(
        self,
        inputs: Tensor,
        targets: Tensor,
        source: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Return -log p of the targets in nats, of their shape, 0 where a target is IGNORED."""
        return self.head.nats(self(inputs, source), targets, label_smoothing)

    def internals(self, inputs: Tensor, source: Tensor | None = None) -> "Internals | None":
        """Return the attention weights of a forward pass, None for a network without them."""
        return None


class AutoregressiveModel(Model):
    """Predicts each id of a sequence from those before it and, if there is one, from a source.

    Inputs (batch, target) are the targets shifted right by one: the first input is the condition (a
    class, the start of a piece or sentence), which is never predicted. A source is (batch, source).
    Hidden states are (batch, position, d_model); a position is an id, or a pixel with all its
    channels.
    """

    head: OutputHead

    @abstractmethod
    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """Return the decoding state before the first of at most `max_length` positions.

        The batch has `copies` rows per row of source (source, position), or `copies` rows without
        a source.
        """

    @abstractmethod
    def step(self, ids: Tensor, state: State) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) of the next id.

        Updates `state` in place.
        """


class BlockwiseModel(AutoregressiveModel):
    """An autoregressive model that takes several ids of a row at once."""

    @abstractmethod
    def init_rows(self, source: Tensor | None, rows: int, max_length: int) -> RowState:
        """Return the state of `rows` rows before the first of at most `max_length` positions.

        A source is (row, position).
        """

    @abstractmethod
    def feed(self, ids: Tensor, state: RowState) -> Tensor:
        """Feed the next inputs, ids (row, position); return hidden states (row, position, d_model).

        Updates `state` in place. Hidden states beyond `max_length` have no meaning: rows that end
        before others may be fed anything.
        """


@dataclass(frozen=True)
class Internals:
    """Attention weights and encoder states of a Transformer's forward pass, one item per layer.

    Attention weights are (batch, heads, query, key). `encoder_states` (batch, source, d_model) are
    the embeddings followed by the output of each encoder layer. Of a decoder without a source only
    `decoder_attention` is set, of an encoder alone only `encoder_attention`.
    """

    decoder_attention: list[Tensor] = field(default_factory=list)  # target to target, causal
    encoder_attention: list[Tensor] = field(default_factory=list)  # source to source
    cross_attention: list[Tensor] = field(default_factory=list)  # target to source
    encoder_states: list[Tensor] = field(default_factory=list)

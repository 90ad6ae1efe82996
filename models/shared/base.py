"""The contract of every network: an autoregressive model, its decoding state, its output head.

Training and likelihood go through `forward` and the head's `nats`, all positions at once; decoding
through `init_state` and `step`, one position at a time. A test holds the two ways equal.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from models.settings import DataShape, ModelSettings
from models.shared.heads import OutputHead

PADDING = 0  # the source id that is masked


class Mask(Protocol):
    """True where a query may attend, for each row of a batch."""

    def __getitem__(self, rows: Tensor) -> "Mask":
        """The batch rows `rows`, in that order."""


@dataclass
class Memory:
    """An encoded source as one attention layer reads it: keys, values and the padding mask.

    `key` and `value` (source, ..., position, features); `mask` broadcasts to (source, ..., query,
    position) and is False where there is padding.
    """

    key: Tensor
    value: Tensor
    mask: Mask

    def select(self, sources: Tensor) -> "Memory":
        """The rows `sources`, in that order."""
        return Memory(self.key[sources], self.value[sources], self.mask[sources])


class Past(Protocol):
    """What an architecture keeps of the positions that are already fed, a batch row each."""

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""


@dataclass
class State:
    """The state between two steps of decoding, of every network, with or without a source.

    The batch has `copies` consecutive rows for each source, which share its `memories` (one for
    each layer that reads it; none without a source).
    """

    past: Past
    copies: int = 1
    memories: list[Memory] = field(default_factory=list)
    position: int = 0

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order: the survivors of a step of beam search.

        The rows of a source stay consecutive, and there are `copies` of each.
        """
        self.past.reorder(rows)
        if not self.memories:
            return
        sources = rows[:: self.copies] // self.copies
        count = len(self.memories[0].key)
        if not torch.equal(sources, torch.arange(count, device=rows.device)):
            self.memories = [memory.select(sources) for memory in self.memories]


class AutoregressiveModel(nn.Module, ABC):
    """Predicts each id of a sequence from those before it, and from a source if it reads one.

    Inputs are the targets shifted right by one: the first input is the condition (a class, the
    start of a piece or sentence), which is never predicted. A network is built from `settings` for
    data of `shape`.
    """

    settings: ModelSettings
    shape: DataShape
    head: OutputHead

    @abstractmethod
    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) and source (batch, source) to hidden states for `head`.

        (batch, position, d_model); a position is an id, or a pixel whose channels share one.
        """

    @abstractmethod
    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """The state before the first of at most `max_length` positions.

        The batch has `copies` rows for each row of source (source, position); without a source it
        has `copies` rows.
        """

    @abstractmethod
    def step(self, ids: Tensor, state: State) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) of the id after it.

        Advances `state`.
        """

    def nats(
        self,
        inputs: Tensor,
        targets: Tensor,
        source: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """-log p of each of targets (batch, target), in nats; 0 where the target is IGNORED."""
        return self.head.nats(self(inputs, source), targets, label_smoothing)

    def internals(self, inputs: Tensor, source: Tensor | None = None) -> "Internals | None":
        """The attention weights of a forward pass; None for a network without attention maps."""
        return None


@dataclass(frozen=True)
class Internals:
    """What a forward pass of a Transformer computes inside; a list has an item for each layer.

    Attention weights are (batch, heads, query, key). `encoder_states` (batch, source, d_model) are
    the embeddings and then the output of each encoder layer. Without a source only
    `decoder_attention` is there.
    """

    decoder_attention: list[Tensor]  # target to target, causal
    encoder_attention: list[Tensor] = field(default_factory=list)  # source to source
    cross_attention: list[Tensor] = field(default_factory=list)  # target to source
    encoder_states: list[Tensor] = field(default_factory=list)

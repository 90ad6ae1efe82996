"""Recurrent layers: their contract, and their states while a network decodes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

State = tuple[Tensor, ...]  # of a layer, (1, batch, width) each: the hidden state is the first


class RecurrentLayer(nn.Module, ABC):
    """One layer, built with the widths of inputs and outputs.

    The state after a position is a function of its input and of the state before.
    """

    tensors_of_state: ClassVar[int]

    @abstractmethod
    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map inputs (batch, length, inputs) to hidden states (batch, length, outputs).

        Returns the last state too; `state` is the one before the first position, None: zeros.
        """

    @classmethod
    def empty_state(cls, batch: int, width: int, like: Tensor) -> State:
        """Return a zero state with device and dtype of `like`."""
        return tuple(like.new_zeros(1, batch, width) for _ in range(cls.tensors_of_state))


@dataclass
class Past:
    """The state of each layer."""

    layers: list[State]

    @classmethod
    def empty(cls, layer: type[RecurrentLayer], layers: int, batch: int, like: Tensor) -> "Past":
        """Return zero states of `layers`, as wide as `like` (..., width)."""
        return cls([layer.empty_state(batch, like.shape[-1], like) for _ in range(layers)])

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.layers = [tuple(tensor[:, rows] for tensor in state) for state in self.layers]


def mirrored(lengths: Tensor, longest: int) -> Tensor:
    """Return indices (batch, longest) that reverse the first `lengths` (batch,) tokens of each row.

    Padding stays at the end, where no token depends on it. Mirroring twice is the identity.
    """
    positions = torch.arange(longest, device=lengths.device)
    back = lengths[:, None] - 1 - positions
    return torch.where(back >= 0, back, positions)


def from_right(layer: RecurrentLayer, inputs: Tensor, lengths: Tensor) -> Tensor:
    """Return the states (batch, length, outputs) of a layer that begins at the last token.

    `lengths` (batch,) are the numbers of tokens of inputs (batch, length, inputs).
    """
    mirror = mirrored(lengths, inputs.shape[1])[:, :, None]
    states, _ = layer(inputs.gather(1, mirror.expand_as(inputs)))
    return states.gather(1, mirror.expand_as(states))

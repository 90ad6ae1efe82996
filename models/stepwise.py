"""What the encoder-decoders that go from state to state share: `advance` is `forward` over one."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from models.layers import Memory

State = TypeVar("State")  # what is kept between two positions


class StepwiseEncoderDecoder(nn.Module, ABC, Generic[State]):
    """Predicts each target token from the source and the target tokens before it."""

    def forward(self, inputs: Tensor, source: Tensor) -> Tensor:
        """Map inputs (batch, target), source (batch, source) to logits (batch, target, outputs)."""
        return self._decode(inputs, self._start(self._remember(source)))

    def begin(self, source: Tensor, copies: int, length: int) -> State:
        """The state before the first position.

        Encodes source (batch, source) once; the state has `copies` rows for each, side by side.
        """
        rows = torch.arange(len(source), device=source.device).repeat_interleave(copies)
        return self._start(self._remember(source).select(rows))

    def advance(self, ids: Tensor, state: State) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        return self._decode(ids[:, None], state)[:, 0]

    @abstractmethod
    def _remember(self, source: Tensor) -> Memory:
        """Encode source (batch, source)."""

    @abstractmethod
    def _start(self, memory: Memory) -> State:
        """The state before the first position of each row of `memory`."""

    @abstractmethod
    def _decode(self, ids: Tensor, state: State) -> Tensor:
        """Logits (batch, target, outputs) after each of ids (batch, target); advances `state`."""

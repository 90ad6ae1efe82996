"""What the trainer asks of a task: batches by their number, and the validation batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.shared.base import PADDING
from models.shared.heads import IGNORED


@dataclass(frozen=True)
class Batch:
    """Inputs and targets (batch, target), and the source (batch, source) where there is one."""

    inputs: Tensor
    targets: Tensor  # IGNORED where padding stands
    source: Tensor | None = None

    def to(self, device: str) -> "Batch":
        """The same batch on `device`."""
        source = None if self.source is None else self.source.to(device)
        return Batch(self.inputs.to(device), self.targets.to(device), source)

    def rows(self, which: slice) -> "Batch":
        """Some of the rows."""
        source = None if self.source is None else self.source[which]
        return Batch(self.inputs[which], self.targets[which], source)

    @property
    def target_count(self) -> int:
        """How many targets there are, without the padding."""
        return int((self.targets != IGNORED).sum())

    @property
    def padding(self) -> tuple[int, int]:
        """How many positions of targets and source are padding, and how many there are in all."""
        source = self.targets.new_empty(0) if self.source is None else self.source
        fillers = self.targets.numel() - self.target_count + int((source == PADDING).sum())
        return fillers, self.targets.numel() + source.numel()


class Batches(Protocol):
    """The data of a run; a training batch is a function of the seed and of its number, from 1."""

    def batch(self, number: int) -> Batch:
        """A training batch."""

    def records(self, number: int) -> np.ndarray:
        """Where the rows of a training batch stand in the training split."""

    def validation(self) -> Sequence[Batch]:
        """The validation split, each record once."""


def pad(rows: Sequence[np.ndarray], filler: int) -> Tensor:
    """Stack rows of ids of different lengths, filled up at the end: (batch, longest)."""
    padded = np.full((len(rows), max(len(row) for row in rows)), filler, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return torch.from_numpy(padded)


def shifted(rows: Sequence[np.ndarray]) -> Batch:
    """Predict each id of a row from those before it: the first id is given, never predicted."""
    return Batch(pad([row[:-1] for row in rows], 0), pad([row[1:] for row in rows], IGNORED))


class Epochs:
    """Deals indexes 0 .. count - 1 in a new random order each epoch, `size` for every batch."""

    def __init__(self, count: int, size: int, seed: int) -> None:
        self._count, self._size, self._seed = count, min(size, count), seed

    def indexes(self, number: int) -> np.ndarray:
        """The indexes of batch `number`, counted from 1; what is left of an epoch is not dealt."""
        per_epoch = self._count // self._size
        epoch, turn = divmod(number - 1, per_epoch)
        order = np.random.default_rng([self._seed, epoch]).permutation(self._count)
        return order[turn * self._size : (turn + 1) * self._size]

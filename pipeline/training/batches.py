"""Batches: the trainer's interface to a task."""

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
    """Inputs and targets (batch, target), and an optional source (batch, source)."""

    inputs: Tensor
    targets: Tensor  # IGNORED at padding
    source: Tensor | None = None

    def to(self, device: str) -> "Batch":
        """Copy the batch to `device`."""
        source = None if self.source is None else self.source.to(device)
        return Batch(self.inputs.to(device), self.targets.to(device), source)

    def rows(self, rows: slice) -> "Batch":
        """Select batch rows."""
        source = None if self.source is None else self.source[rows]
        return Batch(self.inputs[rows], self.targets[rows], source)

    @property
    def target_count(self) -> int:
        """Number of targets without padding."""
        return int((self.targets != IGNORED).sum())

    @property
    def padding(self) -> tuple[int, int]:
        """Padding positions and all positions of targets and source."""
        source = self.targets.new_empty(0) if self.source is None else self.source
        padding = self.targets.numel() - self.target_count + int((source == PADDING).sum())
        return padding, self.targets.numel() + source.numel()


class Batches(Protocol):
    """Batches of a run; a training batch is a function of the seed and its number, from 1."""

    def batch(self, number: int) -> Batch:
        """Return training batch `number`."""

    def records(self, number: int) -> np.ndarray:
        """Return the training records (batch,) of batch `number`, as indices into the split."""

    def validation(self) -> Sequence[Batch]:
        """Return the validation split, each record once."""


def pad(rows: Sequence[np.ndarray], filler: int) -> Tensor:
    """Stack rows of ids into (batch, longest), padded at the end with `filler`."""
    padded = np.full((len(rows), max(len(row) for row in rows)), filler, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return torch.from_numpy(padded)


def shifted(rows: Sequence[np.ndarray]) -> Batch:
    """Build a batch that predicts each id from those before it, all but the first of a row."""
    return Batch(pad([row[:-1] for row in rows], 0), pad([row[1:] for row in rows], IGNORED))


class Epochs:
    """Batches of `size` indices in 0 .. count - 1, in a new random order each epoch."""

    def __init__(self, count: int, size: int, seed: int) -> None:
        self._count, self._size, self._seed = count, min(size, count), seed

    def indexes(self, number: int) -> np.ndarray:
        """Return the indices (size,) of batch `number`, from 1; drops the rest of an epoch."""
        per_epoch = self._count // self._size
        epoch, index = divmod(number - 1, per_epoch)
        order = np.random.default_rng([self._seed, epoch]).permutation(self._count)
        return order[index * self._size : (index + 1) * self._size]

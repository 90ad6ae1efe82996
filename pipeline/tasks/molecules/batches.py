"""Batches of molecules, padded to the largest."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.settings import DataShape, ModelSettings
from pipeline.corpus import Split, read_sequences
from pipeline.files import read_json
from pipeline.settings.training import Training
from pipeline.tasks.molecules.codec import ATOMS, ENERGY, LABELS, PAD
from pipeline.tasks.molecules.codec.reference import Reference
from pipeline.training.batches import Batch, Epochs, pad


class Batches:
    """Batches of a fixed number of molecules: with `batch_tokens` atoms if all were the largest."""

    def __init__(
        self, encoded: Path, model: ModelSettings, shape: DataShape, training: Training
    ) -> None:
        self._train, self._validation = (
            Graphs.read(encoded, "train"),
            Graphs.read(encoded, "validation"),
        )
        largest = max(len(atoms) for atoms in self._train.atoms)
        self._size = max(1, training.batch_tokens // largest)
        self._epochs = Epochs(len(self._train), self._size, training.seed)

    def batch(self, number: int) -> Batch:
        """Return the training batch `number`."""
        return self._train.batch(self.records(number))

    def records(self, number: int) -> np.ndarray:
        """Return the indexes (molecule,) of the training molecules in that batch."""
        return self._epochs.indexes(number)

    def validation(self) -> Sequence[Batch]:
        """Return the batches of the validation split."""
        return list(self._validation.batches(self._size))


class Graphs:
    """Molecules as tensors: ids (atom,), labels (atom * atom,) row by row, energies (molecule,).

    A target is the energy in kcal/mol, standardised as `reference` says.
    """

    def __init__(
        self,
        atoms: Sequence[np.ndarray],
        labels: Sequence[np.ndarray],
        energies: np.ndarray,
        reference: Reference,
    ) -> None:
        self.atoms, self.labels, self.energies = atoms, labels, energies
        self.reference = reference
        self._targets = reference.standardise(energies, atoms).astype(np.float32)

    @classmethod
    def read(cls, encoded: Path, split: Split) -> "Graphs":
        """Read the molecules of a split; DataError if its files are missing or damaged."""
        return cls(
            list(read_sequences(encoded, split, ATOMS)),
            list(read_sequences(encoded, split, LABELS)),
            read_sequences(encoded, split, ENERGY).rows()[:, 0],
            Reference(**read_json(encoded / "manifest.json")["reference"]),
        )

    def __len__(self) -> int:
        return len(self.atoms)

    def batch(self, indexes: np.ndarray) -> Batch:
        """Return molecules: atoms (molecule, atom), labels (molecule, atom, atom), energies."""
        atoms = [self.atoms[index] for index in indexes]
        labels = [self.labels[index] for index in indexes]
        targets = torch.from_numpy(self._targets[indexes])[:, None]
        return Batch(pad(atoms, PAD), targets, pad_square(labels))

    def batches(self, size: int) -> Sequence[Batch]:
        """Return all molecules in their order, `size` at a time."""
        starts = range(0, len(self), size)
        return [self.batch(np.arange(at, min(at + size, len(self)))) for at in starts]


def pad_square(rows: Sequence[np.ndarray]) -> torch.Tensor:
    """Stack square matrices, given row by row, into (batch, largest, largest), padded with PAD."""
    sides = [round(len(row) ** 0.5) for row in rows]
    padded = np.full((len(rows), max(sides), max(sides)), PAD, np.int64)
    for matrix, row, side in zip(padded, rows, sides, strict=True):
        matrix[:side, :side] = row.reshape(side, side)
    return torch.from_numpy(padded)

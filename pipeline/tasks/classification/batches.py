"""Batches of passages, and the draw of those whose class a training may know."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.settings import DataShape, ModelSettings
from pipeline.corpus import Split, read_sequences
from pipeline.settings.training import Training
from pipeline.tasks.classification.codec import CLASS, PAD, TOKENS
from pipeline.training.batches import Batch, Epochs, pad


class Batches:
    """Batches of a fixed number of passages: with `batch_tokens` tokens if all were the longest.

    Training reads `labels_per_class` passages of each class, drawn by the seed.
    """

    def __init__(
        self, encoded: Path, model: ModelSettings, shape: DataShape, training: Training
    ) -> None:
        self._train = Passages.read(encoded, "train")
        self._validation = Passages.read(encoded, "validation")
        self._drawn = draw_labels(self._train.classes, training.labels_per_class, training.seed)
        longest = max(len(self._train.tokens[index]) for index in self._drawn)
        self._size = max(1, training.batch_tokens // longest)
        self._epochs = Epochs(len(self._drawn), self._size, training.seed)

    def batch(self, number: int) -> Batch:
        """Return the training batch `number`."""
        return self._train.batch(self.records(number))

    def records(self, number: int) -> np.ndarray:
        """Return the indexes (passage,) of the training passages in that batch."""
        return self._drawn[self._epochs.indexes(number)]

    def validation(self) -> Sequence[Batch]:
        """Return the batches of the validation split."""
        return list(self._validation.batches(self._size))


def draw_labels(classes: np.ndarray, per_class: int | None, seed: int) -> np.ndarray:
    """Return the indexes of `per_class` passages of each class, in ascending order; None: all.

    Drawn from `classes` (passage,) by the seed. A class that has fewer gives all; with a smaller
    `per_class` and the same seed the passages are among those of a larger one.
    """
    if per_class is None:
        return np.arange(len(classes))
    order = np.random.default_rng(seed).permutation(len(classes))
    first = [order[classes[order] == number][:per_class] for number in np.unique(classes)]
    return np.sort(np.concatenate(first))


class Passages:
    """Passages as tensors: ids of pieces (token,), and the numbers of the classes (passage,)."""

    def __init__(self, tokens: Sequence[np.ndarray], classes: np.ndarray) -> None:
        self.tokens, self.classes = tokens, classes

    @classmethod
    def read(cls, encoded: Path, split: Split) -> "Passages":
        """Read the passages of a split; DataError if its files are missing or damaged."""
        classes = read_sequences(encoded, split, CLASS).rows()[:, 0]
        return cls(list(read_sequences(encoded, split, TOKENS)), classes.astype(np.int64))

    def __len__(self) -> int:
        return len(self.tokens)

    def batch(self, indexes: np.ndarray) -> Batch:
        """Return passages: inputs (passage, token), targets (passage, 1)."""
        tokens = [self.tokens[index] for index in indexes]
        return Batch(pad(tokens, PAD), torch.from_numpy(self.classes[indexes])[:, None])

    def batches(self, size: int) -> Sequence[Batch]:
        """Return all passages in their order, `size` at a time."""
        starts = range(0, len(self), size)
        return [self.batch(np.arange(at, min(at + size, len(self)))) for at in starts]

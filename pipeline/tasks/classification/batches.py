"""Batches of passages: with their classes, if a training may know these, or as text alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.settings import DataShape, ModelSettings, Structure
from models.shared.heads import IGNORED
from pipeline.corpus import Split, read_sequences
from pipeline.files import read_json
from pipeline.tasks.classification.codec import (
    BOS,
    CLASS,
    EOS,
    MASK,
    PAD,
    SPECIAL,
    TOKENS,
    UNLABELLED,
)
from pipeline.tasks.classification.settings import (
    ClassificationTraining,
    MaskedPieces,
    OfClasses,
)
from pipeline.training.batches import Batch, Epochs, pad, shifted

_NO_CLASS = -1


class Batches:
    """Batches of a fixed number of passages: with `batch_tokens` tokens if all were the longest.

    A training of classes reads `labels_per_class` passages of each, drawn by the seed; another one
    the text of all passages that are not held out.
    """

    def __init__(
        self,
        encoded: Path,
        model: ModelSettings,
        shape: DataShape,
        training: ClassificationTraining,
    ) -> None:
        self._objective, self._structure = training.objective, model.structure
        self._vocabulary, self._seed = shape.inputs, training.seed
        self._train = Passages.read(encoded, "train")
        self._validation = Passages.read(encoded, "validation")
        if isinstance(training.objective, OfClasses):
            per_class = training.objective.labels_per_class
            self._drawn = draw_labels(self._train.classes, per_class, training.seed)
        else:
            self._train = self._train.and_unlabelled(encoded)
            self._drawn = np.arange(len(self._train))
        longest = max(len(self._train.tokens[index]) for index in self._drawn)
        self._size = max(1, training.batch_tokens // longest)
        self._epochs = Epochs(len(self._drawn), self._size, training.seed)

    def batch(self, number: int) -> Batch:
        """Return the training batch `number`."""
        return self._batch(self._train, self.records(number), number)

    def records(self, number: int) -> np.ndarray:
        """Return the indexes (passage,) of the training passages in that batch."""
        return self._drawn[self._epochs.indexes(number)]

    def validation(self) -> Sequence[Batch]:
        """Return the batches of the validation split; the same pieces are hidden every time."""
        starts = range(0, len(self._validation), self._size)
        return [
            self._batch(self._validation, self._validation.indexes(at, self._size), 0, at)
            for at in starts
        ]

    def _batch(self, passages: "Passages", indexes: np.ndarray, *draw: int) -> Batch:
        match self._objective:
            case OfClasses():
                return passages.batch(indexes, self._structure)
            case MaskedPieces() as masking:
                generator = np.random.default_rng([self._seed, *draw])
                return passages.masked(indexes, masking, self._vocabulary, generator)
            case _:
                return passages.next_pieces(indexes)


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

    def and_unlabelled(self, encoded: Path) -> "Passages":
        """Return these passages and, if there are any, those of no class, which have -1."""
        if UNLABELLED not in read_json(encoded / "manifest.json")["splits"]:
            return self
        more = list(read_sequences(encoded, UNLABELLED, TOKENS))
        classes = np.full(len(more), _NO_CLASS)
        return Passages([*self.tokens, *more], np.concatenate((self.classes, classes)))

    def __len__(self) -> int:
        return len(self.tokens)

    def spread(self, count: int) -> np.ndarray:
        """Return the indexes of `count` passages, or of all, as far apart as can be."""
        return np.linspace(0, len(self) - 1, min(count, len(self)), dtype=int)

    def indexes(self, first: int, count: int) -> np.ndarray:
        """Return the indexes of at most `count` passages from `first`."""
        return np.arange(first, min(first + count, len(self)))

    def batch(self, indexes: np.ndarray, structure: Structure) -> Batch:
        """Return passages: inputs (passage, token), targets (passage, 1), their classes.

        A decoder reads them between marks, as it did when it predicted the next piece.
        """
        tokens = [self.tokens[index] for index in indexes]
        rows = [_marked(row) for row in tokens] if structure is Structure.DECODER else tokens
        return Batch(pad(rows, PAD), torch.from_numpy(self.classes[indexes])[:, None])

    def next_pieces(self, indexes: np.ndarray) -> Batch:
        """Return passages between marks, of which each piece, and the end, is predicted."""
        return shifted([_marked(self.tokens[index]) for index in indexes])

    def masked(
        self,
        indexes: np.ndarray,
        masking: MaskedPieces,
        vocabulary: int,
        generator: np.random.Generator,
    ) -> Batch:
        """Return passages of which pieces are hidden, targets (passage, token).

        A share of the pieces of a passage, one at least, is predicted: most of them are replaced by
        MASK, some by a random piece, and the rest stays (Devlin et al. 2018, section 3.1).
        """
        inputs, targets = [], []
        for index in indexes:
            tokens = self.tokens[index].astype(np.int64)
            count = max(1, round(masking.share * len(tokens)))
            hidden = generator.permutation(len(tokens))[:count]
            chance = generator.random(count)
            other = generator.integers(SPECIAL, vocabulary, count)
            replaced = np.where(chance < masking.as_mask + masking.as_other, other, tokens[hidden])
            replaced[chance < masking.as_mask] = MASK
            targets.append(np.full(len(tokens), IGNORED))
            targets[-1][hidden] = tokens[hidden]
            tokens[hidden] = replaced
            inputs.append(tokens)
        return Batch(pad(inputs, PAD), pad(targets, IGNORED))

    def hidden_in_turn(self, indexes: np.ndarray, first: int, every: int) -> Batch:
        """Return passages whose pieces `first`, `first + every`, ... are MASK, and targets."""
        inputs, targets = [], []
        for index in indexes:
            tokens = self.tokens[index].astype(np.int64)
            targets.append(np.full(len(tokens), IGNORED))
            targets[-1][first::every] = tokens[first::every]
            tokens[first::every] = MASK
            inputs.append(tokens)
        return Batch(pad(inputs, PAD), pad(targets, IGNORED))


def _marked(tokens: np.ndarray) -> np.ndarray:
    return np.concatenate(([BOS], tokens, [EOS]))

"""Batches of sentence pairs of similar length, which keeps padding small."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.settings import DataShape, ModelSettings
from models.shared.heads import IGNORED
from pipeline.corpus import Split, read_sequences
from pipeline.settings.training import Training
from pipeline.tasks.translation.codec import BOS, EOS, PAD
from pipeline.training.batches import Batch, pad


class Batches:
    """Batches of at most `batch_tokens` positions in either language, padding included.

    Each epoch sorts the pairs by length, with ties in a new random order, cuts them into batches,
    and shuffles the batches. The sorted lengths, and so the cuts, are the same in every epoch;
    therefore a batch is a function of its number.
    """

    def __init__(
        self, encoded: Path, model: ModelSettings, shape: DataShape, training: Training
    ) -> None:
        self._train, self._validation = Pairs(encoded, "train"), Pairs(encoded, "validation")
        self._tokens, self._seed = training.batch_tokens, training.seed
        self._epoch = lru_cache(maxsize=1)(self._shuffled_epoch)
        self._per_epoch = len(self._epoch(0))

    def batch(self, number: int) -> Batch:
        """Return the training batch `number`."""
        return self._train.batch(self.records(number))

    def records(self, number: int) -> np.ndarray:
        """Return the indexes (pair,) of the training pairs in that batch."""
        epoch, index = divmod(number - 1, self._per_epoch)
        return self._epoch(epoch)[index]

    def validation(self) -> Sequence[Batch]:
        """Return the batches of the validation split."""
        order = np.arange(len(self._validation))
        groups = self._validation.grouped(order, self._tokens)
        return [self._validation.batch(group) for group in groups]

    def _shuffled_epoch(self, epoch: int) -> list[np.ndarray]:
        random = np.random.default_rng([self._seed, epoch])
        groups = self._train.grouped(random.permutation(len(self._train)), self._tokens)
        return [groups[index] for index in random.permutation(len(groups))]


class Pairs:
    """The sentence pairs of one split."""

    def __init__(self, encoded: Path, split: Split) -> None:
        self.sources = read_sequences(encoded, split, "source")
        self.targets = read_sequences(encoded, split, "target")

    def __len__(self) -> int:
        return len(self.targets)

    def grouped(self, order: np.ndarray, tokens: int) -> list[np.ndarray]:
        """Group pairs of similar length, with at most `tokens` positions per side and group.

        A longer pair forms its own group. Pairs of equal lengths keep the order of `order`.
        """
        target_lengths, source_lengths = self.targets.lengths + 1, self.sources.lengths + 1
        by_length = order[np.lexsort((source_lengths[order], target_lengths[order]))]
        return cut(by_length, np.maximum(target_lengths, source_lengths), tokens)

    def batch(self, indexes: Sequence[int]) -> Batch:
        """Return the pairs `indexes` as one batch."""
        targets = [self.targets[index] for index in indexes]
        return Batch(
            inputs=pad([np.concatenate(([BOS], target)) for target in targets], PAD),
            targets=pad([np.concatenate((target, [EOS])) for target in targets], IGNORED),
            source=pad(with_end(self.sources, indexes), PAD),
        )


def cut(order: np.ndarray, lengths: np.ndarray, tokens: int) -> list[np.ndarray]:
    """Cut the indexes `order` into groups of at most `tokens` positions, padding included.

    `lengths` are by index. A sequence that is longer than `tokens` forms its own group.
    """
    cuts, longest = [0], 0
    for position, index in enumerate(order):
        longest = max(longest, lengths[index])
        if (position - cuts[-1] + 1) * longest > tokens and position > cuts[-1]:
            cuts.append(position)
            longest = lengths[index]
    return [order[start:end] for start, end in pairwise([*cuts, len(order)])]


def with_end(sources: Sequence[Sequence[int]], indexes: Sequence[int]) -> list[np.ndarray]:
    """Return the encoder inputs: the sources `indexes`, each with EOS appended."""
    return [np.concatenate((sources[index], [EOS])) for index in indexes]

"""Batches of sentence pairs of about the same length, so that little of a batch is padding."""

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

    Each epoch sorts the pairs by length, ties in a new random order, cuts them into batches, and
    deals the batches in random order. The sorted lengths are the same in every epoch, so the cuts
    are too, and a batch follows from its number.
    """

    def __init__(
        self, encoded: Path, model: ModelSettings, shape: DataShape, training: Training
    ) -> None:
        self._train, self._validation = Pairs(encoded, "train"), Pairs(encoded, "validation")
        self._tokens, self._seed = training.batch_tokens, training.seed
        self._deal = lru_cache(maxsize=1)(self._deal_epoch)
        self._per_epoch = len(self._deal(0))

    def batch(self, number: int) -> Batch:
        """A training batch."""
        return self._train.batch(self.records(number))

    def records(self, number: int) -> np.ndarray:
        """Which training pairs it holds."""
        epoch, turn = divmod(number - 1, self._per_epoch)
        return self._deal(epoch)[turn]

    def validation(self) -> Sequence[Batch]:
        """The validation pairs."""
        order = np.arange(len(self._validation))
        groups = self._validation.grouped(order, self._tokens)
        return [self._validation.batch(group) for group in groups]

    def _deal_epoch(self, epoch: int) -> list[np.ndarray]:
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
        """Cut the pairs into groups of about equal length and at most `tokens` positions a side.

        A pair that is longer is a group of its own. Pairs of equal lengths keep the order in which
        `order` names them.
        """
        target_lengths, source_lengths = self.targets.lengths + 1, self.sources.lengths + 1
        by_length = order[np.lexsort((source_lengths[order], target_lengths[order]))]
        cuts, longest = [0], 0
        for index, pair in enumerate(by_length):
            longest = max(longest, target_lengths[pair], source_lengths[pair])
            if (index - cuts[-1] + 1) * longest > tokens and index > cuts[-1]:
                cuts.append(index)
                longest = max(target_lengths[pair], source_lengths[pair])
        return [by_length[start:end] for start, end in pairwise([*cuts, len(by_length)])]

    def batch(self, indexes: Sequence[int]) -> Batch:
        """The pairs `indexes` as one batch."""
        targets = [self.targets[index] for index in indexes]
        return Batch(
            inputs=pad([np.concatenate(([BOS], target)) for target in targets], PAD),
            targets=pad([np.concatenate((target, [EOS])) for target in targets], IGNORED),
            source=pad(with_end(self.sources, indexes), PAD),
        )


def with_end(sources: Sequence[Sequence[int]], indexes: Sequence[int]) -> list[np.ndarray]:
    """The sources `indexes`, each closed with EOS: what the encoder reads."""
    return [np.concatenate((sources[index], [EOS])) for index in indexes]

"""Batches of music: random crops of pieces for training, whole windows for validation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.settings import AnyModelSettings, DataShape
from pipeline.corpus import read_sequences
from pipeline.errors import ConfigError
from pipeline.settings.training import Training
from pipeline.tasks.music.codec import VOICES
from pipeline.training.batches import Batch, shifted


class Batches:
    """Crops of `crop` positions that begin at a 16th, drawn evenly over all 16ths of all pieces."""

    def __init__(
        self, encoded: Path, model: AnyModelSettings, shape: DataShape, training: Training
    ) -> None:
        if training.crop is None or training.crop % len(VOICES):
            raise ConfigError(
                f"training.crop = {training.crop} has to be a multiple of the {len(VOICES)} voices"
            )
        self._train = read_sequences(encoded, "train", "tokens")
        self._validation = read_sequences(encoded, "validation", "tokens")
        self._crop, self._seed = training.crop, training.seed
        self._size = max(1, training.batch_tokens // training.crop)
        # A crop is a stretch of crop + 1 ids; the first is only ever an input.
        starts = np.maximum(1, (self._train.lengths - 1 - self._crop) // len(VOICES) + 1)
        self._last_start = np.cumsum(starts)

    def batch(self, number: int) -> Batch:
        """A training batch."""
        return shifted([self._crop_at(draw) for draw in self._draws(number)])

    def records(self, number: int) -> np.ndarray:
        """Which training pieces its crops are from."""
        return self._piece_of(self._draws(number))

    def validation(self) -> Sequence[Batch]:
        """The validation pieces, cut into crops that do not overlap."""
        crops = [
            piece[start : start + self._crop + 1]
            for piece in self._validation
            for start in range(0, len(piece) - 1, self._crop)
        ]
        return [shifted(crops[i : i + self._size]) for i in range(0, len(crops), self._size)]

    def _draws(self, number: int) -> np.ndarray:
        random = np.random.default_rng([self._seed, number])
        return random.integers(self._last_start[-1], size=self._size)

    def _piece_of(self, draws: np.ndarray | int) -> np.ndarray:
        return np.searchsorted(self._last_start, draws, side="right")

    def _crop_at(self, draw: int) -> np.ndarray:
        piece = int(self._piece_of(draw))
        start = draw - (self._last_start[piece - 1] if piece else 0)
        return self._train[piece][start * len(VOICES) :][: self._crop + 1]

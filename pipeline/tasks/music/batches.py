"""Batches of music: random crops of pieces for training, whole windows for validation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.settings import DataShape, ModelSettings
from pipeline.corpus import read_sequences
from pipeline.errors import ConfigError
from pipeline.tasks.music.codec import FIELD, is_grid, unit_of
from pipeline.tasks.music.codec.augmentation import augmenter
from pipeline.tasks.music.settings import MusicTraining
from pipeline.training.batches import Batch, shifted

_AUGMENTATION = 1  # seeds augmentation apart from the choice of crops


class Batches:
    """Crops of `crop` positions that start at a unit; a piece is drawn in proportion to its length.

    The crops of a piece are equally likely; a piece that is shorter is one crop. (If the crops of
    all pieces were equally likely, tunes that fit into one would hardly be drawn beside those that
    have a hundred.)

    A unit is a 16th of a chorale, an event of a performance, or a note of a tune.
    """

    def __init__(
        self, encoded: Path, model: ModelSettings, shape: DataShape, training: MusicTraining
    ) -> None:
        self._unit = unit_of(shape)
        if training.crop is None or training.crop % self._unit:
            raise ConfigError(
                f"training.crop = {training.crop} has to be a multiple of the {self._unit} voices"
                if is_grid(shape)
                else "training.crop = null, but pieces of music are longer than a network reads; "
                "choose a number of positions"
            )
        self._train = read_sequences(encoded, "train", FIELD)
        self._validation = read_sequences(encoded, "validation", FIELD)
        self._crop, self._seed = training.crop, training.seed
        self._size = max(1, training.batch_tokens // training.crop)
        self._augmenter = augmenter(training.augmentation, shape)
        units = (self._train.lengths - 1) // self._unit
        self._ends = np.cumsum(units)  # of each piece in the range of all units
        # A crop has crop + 1 ids; the first is an input only.
        self._crops = np.maximum(1, units - self._crop // self._unit + 1)  # of each piece

    def batch(self, number: int) -> Batch:
        """Return the training batch `number`."""
        random = np.random.default_rng([self._seed, number, _AUGMENTATION])
        crops = zip(*self._sampled(number), strict=True)
        return shifted([self._crop_of(piece, unit, random) for piece, unit in crops])

    def records(self, number: int) -> np.ndarray:
        """Return the indexes (crop,) of the training pieces in that batch."""
        return self._sampled(number)[0]

    def validation(self) -> Sequence[Batch]:
        """Return batches of the validation pieces, cut into crops that do not overlap."""
        crops = [
            piece[start : start + self._crop + 1]
            for piece in self._validation
            for start in range(0, len(piece) - 1, self._crop)
        ]
        return [shifted(crops[i : i + self._size]) for i in range(0, len(crops), self._size)]

    def _sampled(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return pieces (crop,) and the units (crop,) that the crops of them start at."""
        random = np.random.default_rng([self._seed, number])
        units = random.integers(self._ends[-1], size=self._size)
        pieces = np.searchsorted(self._ends, units, side="right")
        return pieces, random.integers(self._crops[pieces])

    def _crop_of(self, piece: int, unit: int, random: np.random.Generator) -> np.ndarray:
        ids = self._train[piece][unit * self._unit :]
        if self._augmenter is None:
            return ids[: self._crop + 1]
        return self._augmenter.crop(ids, self._crop + 1, random)

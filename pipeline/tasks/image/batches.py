"""Batches of whole images, in the generation order of the network."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from models.settings import DataShape, ModelSettings
from models.shared.order import generation_order, super_resolution_factor
from pipeline.corpus import read_sequences
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.codec.augmentation import Augmenter
from pipeline.tasks.image.settings import ImageTraining
from pipeline.training.batches import Batch, Epochs, shifted

_AUGMENTATION = 1  # seeds augmentation apart from the order of epochs


class Batches:
    """Batches of a fixed number of images: all have the same length."""

    def __init__(
        self, encoded: Path, model: ModelSettings, shape: DataShape, training: ImageTraining
    ) -> None:
        order = generation_order(model, shape.layout)
        self._codec, self._factor = ImageCodec.of(shape), super_resolution_factor(model)
        self._sequence_order = np.array([0] + [1 + index for index in order])  # class first
        self._train = read_sequences(encoded, "train", "pixels").rows()
        self._validation = read_sequences(encoded, "validation", "pixels").rows()
        self._size = max(1, training.batch_tokens // len(order))
        self._augmenter = None
        if training.augmentation is not None:
            self._augmenter = Augmenter(training.augmentation, self._codec)
        self._seed = training.seed
        self._epochs = Epochs(len(self._train), self._size, training.seed)

    def batch(self, number: int) -> Batch:
        """Return the training batch `number`."""
        rows = self._train[self.records(number)]
        if self._augmenter is not None:
            random = np.random.default_rng([self._seed, number, _AUGMENTATION])
            rows = self._augmenter.augment(rows, random)
        return self._in_order(rows)

    def records(self, number: int) -> np.ndarray:
        """Return the indexes (image,) of the training images in that batch."""
        return self._epochs.indexes(number)

    def validation(self) -> Sequence[Batch]:
        """Return the batches of the validation split."""
        return [
            self._in_order(self._validation[start : start + self._size])
            for start in range(0, len(self._validation), self._size)
        ]

    def _in_order(self, rows: np.ndarray) -> Batch:
        batch = shifted(rows[:, self._sequence_order])
        if self._factor is None:
            return batch
        pixels = rows[:, 1:].reshape(-1, *self._codec.size)
        return replace(batch, source=torch.from_numpy(self._codec.sources(pixels, self._factor)))

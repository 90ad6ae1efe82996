"""Tiny trainings: their settings, and a task that a Transformer learns in seconds."""

from collections.abc import Sequence

import numpy as np

from models.settings import DataShape
from pipeline.config import Device, Training
from pipeline.tasks.translation.codec import BOS, EOS
from pipeline.training.batches import Batch, pad
from pipeline.training.loss import IGNORED

SYMBOLS = range(4, 12)
SHAPE = DataShape.sequence(inputs=12, outputs=12)


def training(**changes: int | float | None) -> Training:
    """A few steps with everything in them; `changes` replace settings."""
    usual = {
        "seed": 1,
        "device": Device.CPU,
        "threads": 1,
        "steps": 12,
        "batch_tokens": 64,
        "crop": None,
        "learning_rate": 0.005,
        "warmup_steps": 4,
        "adam_beta1": 0.9,
        "adam_beta2": 0.98,
        "adam_epsilon": 1e-9,
        "label_smoothing": 0.1,
        "gradient_clip": 1.0,
        "average_checkpoints": 3,
        "average_every": 2,
        "validate_every": 5,
        "checkpoint_every": 3,
    }
    return Training(**(usual | changes))


class Reversal:
    """Sequences of 3 to 7 symbols, and the same backwards; 64 new ones for each step."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed

    def batch(self, step: int) -> Batch:
        """The training batch of update `step`."""
        return reversed_pairs(sequences(64, [self._seed, step]))

    def validation(self) -> Sequence[Batch]:
        """Two batches that are no training batches."""
        return [reversed_pairs(sequences(32, [self._seed, 0, part])) for part in range(2)]


def sequences(count: int, seed: list[int]) -> list[np.ndarray]:
    """Draw sequences of symbols."""
    random = np.random.default_rng(seed)
    return [random.choice(SYMBOLS, size=random.integers(3, 8)) for _ in range(count)]


def reversed_pairs(rows: list[np.ndarray]) -> Batch:
    """The batch that asks for each of `rows` backwards."""
    return Batch(
        inputs=pad([np.concatenate(([BOS], row[::-1])) for row in rows], 0),
        targets=pad([np.concatenate((row[::-1], [EOS])) for row in rows], IGNORED),
        source=pad([np.concatenate((row, [EOS])) for row in rows], 0),
    )

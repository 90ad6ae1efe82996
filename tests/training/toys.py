"""Tiny trainings: their settings, and a task that a Transformer learns in seconds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models import store
from models.build import build
from models.settings import Numerics, Structure
from models.shared.base import AutoregressiveModel
from models.shared.heads import IGNORED
from pipeline.settings.training import (
    Adam,
    AdamW,
    CheckpointSelection,
    Device,
    InverseSquareRoot,
    Precision,
    Training,
)
from pipeline.tasks.image.settings import ImageTraining
from pipeline.tasks.music.settings import MusicTraining
from pipeline.tasks.translation.codec import BOS, EOS
from pipeline.training.batches import Batch, pad
from pipeline.training.trainer import prepare, train
from tests.models.networks import sequences as shape_of_sequences
from tests.models.networks import settings

SYMBOLS = range(4, 12)
SHAPE = shape_of_sequences(inputs=12, outputs=12)


def training(**changes: Any) -> Training:
    """A few steps with everything in them; `changes` replace settings."""
    return Training(**(_USUAL | changes))


def music_training(**changes: Any) -> MusicTraining:
    """The same for music."""
    return MusicTraining(**(_USUAL | {"augmentation": None} | changes))


def image_training(**changes: Any) -> ImageTraining:
    """The same for images."""
    return ImageTraining(**(_USUAL | {"augmentation": None} | changes))


def adam(epsilon: float = 1e-9) -> Adam:
    """The optimizer of these trainings."""
    return Adam(kind="adam", beta1=0.9, beta2=0.98, epsilon=epsilon)


# One of each kind; test_optimizers.py asserts that none is missing.
OPTIMIZERS = [adam(), AdamW(kind="adamw", beta1=0.9, beta2=0.98, epsilon=1e-9, weight_decay=0.1)]


def inverse_square_root(warmup_steps: int = 4) -> InverseSquareRoot:
    """The schedule of these trainings."""
    return InverseSquareRoot(kind="inverse_square_root", warmup_steps=warmup_steps)


_USUAL = {
    "seed": 1,
    "device": Device.CPU,
    "processes": 1,
    "threads": 1,
    "numerics": Numerics.REPRODUCIBLE,
    "precision": Precision.FLOAT32,
    "compile": False,
    "steps": 12,
    "batch_tokens": 64,
    "accumulate_batches": 1,
    "crop": None,
    "learning_rate": 0.005,
    "optimizer": adam(),
    "schedule": inverse_square_root(),
    "label_smoothing": 0.1,
    "gradient_clip": 1.0,
    "checkpoint_selection": CheckpointSelection.AVERAGED,
    "keep_steps": [],
    "average_checkpoints": 3,
    "average_every": 2,
    "validate_every": 5,
    "checkpoint_every": 3,
}


def network(training: Training, **sizes: int | float) -> AutoregressiveModel:
    """The network that a training with these settings begins with."""
    prepare(training)
    usual = {"dropout": 0.1, "attention_dropout": 0.1}
    return build(settings(Structure.ENCODER_DECODER, **(usual | sizes)), SHAPE)


def trained(
    folder: Path, training: Training, batches: "Reversal | None" = None, **sizes: int | float
) -> tuple[bytes, list[dict[str, float | int]]]:
    """Train, with checkpoints in `folder`; the bytes of the published weights and the curve."""
    model = network(training, **sizes)
    work = folder / "work"
    work.mkdir(exist_ok=True, parents=True)
    curve = train(model, batches or Reversal(), training, work, "toy")
    store.save(model, folder)
    return (folder / store.WEIGHTS).read_bytes(), curve


class Reversal:
    """Sequences of 3 to 7 symbols, and the same backwards; `rows` new ones for each batch."""

    def __init__(self, seed: int = 1, rows: int = 64) -> None:
        self._seed, self._rows = seed, rows

    def batch(self, number: int) -> Batch:
        """A training batch."""
        return reversed_pairs(sequences(self._rows, [self._seed, number]))

    def records(self, number: int) -> np.ndarray:
        """The training split is endless and holds the rows of one batch after the other."""
        return (number - 1) * self._rows + np.arange(self._rows)

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

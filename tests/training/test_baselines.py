"""The trainer knows no family: every baseline learns with it, and is resumed exactly."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from models import store
from models.build import build
from pipeline.training.batches import Batch, shifted
from pipeline.training.trainer import prepare, train
from tests.models.baselines import DECODERS, TRANSLATORS, changed
from tests.models.networks import images
from tests.training.toys import SHAPE, Reversal, inverse_square_root, training

IMAGES = images(3, 4, inputs=9, outputs=5)


class Counting:
    """Four images, one of each class: class c begins with c and goes on in steps of c + 1."""

    def batch(self, step: int) -> Batch:
        """The same in every step."""
        positions = np.arange(IMAGES.layout.height * IMAGES.layout.width)
        rows = [(kind + (kind + 1) * positions) % IMAGES.outputs for kind in range(4)]
        return shifted([np.array([IMAGES.outputs + kind, *row]) for kind, row in enumerate(rows)])

    def validation(self) -> Sequence[Batch]:
        """And here."""
        return [self.batch(0)]


class Interrupted:
    """Batches that end with Ctrl-C at step 8."""

    def __init__(self, batches: Reversal | Counting) -> None:
        self._batches = batches

    def batch(self, step: int) -> Batch:
        if step == 8:
            raise KeyboardInterrupt
        return self._batches.batch(step)

    def validation(self) -> Sequence[Batch]:
        return self._batches.validation()


FAMILIES = {f"{name}-translator": (each, SHAPE, Reversal()) for name, each in TRANSLATORS.items()}
FAMILIES |= {f"{name}-decoder": (each, IMAGES, Counting()) for name, each in DECODERS.items()}
every_family = pytest.mark.parametrize(
    ("model", "shape", "batches"), FAMILIES.values(), ids=FAMILIES
)


@pytest.fixture(autouse=True)
def _usual_algorithms():
    yield
    torch.use_deterministic_algorithms(False)


def _train(folder, settings, model, shape, batches):
    """Train, save, and return the bytes of the weights and the curve."""
    prepare(settings)
    network = build(model, shape)
    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    curve = train(network, batches, settings, work, "toy")
    store.save(network, folder)
    return (folder / store.WEIGHTS).read_bytes(), curve


@every_family
def test_an_interrupted_training_ends_with_the_same_bytes(tmp_path, model, shape, batches):
    model = changed(model, dropout=0.3)
    undisturbed = _train(tmp_path / "undisturbed", training(), model, shape, batches)
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path / "disturbed", training(), model, shape, Interrupted(batches))
    assert _train(tmp_path / "disturbed", training(), model, shape, batches) == undisturbed


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_translator_learns_to_reverse(tmp_path, name):
    """From ln 12 = 2.5 nats; tests/tasks/image has what the decoders learn."""
    model, shape, batches = FAMILIES[f"{name}-translator"]
    steps = 50
    settings = training(
        steps=steps,
        learning_rate=0.02,
        schedule=inverse_square_root(10),
        label_smoothing=0.0,
        average_checkpoints=1,
        validate_every=steps,
        checkpoint_every=steps,
    )
    sizes = {"d_model": 32, "num_layers": 2}
    _, curve = _train(tmp_path, settings, changed(model, **sizes), shape, batches)
    assert curve[-1]["validation_loss"] < 1.0

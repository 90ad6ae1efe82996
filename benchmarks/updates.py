"""Updates per second of a run of a scale, without validation.

Started by benchmarks.same_time and benchmarks.numerics:
python -m benchmarks.updates <scale> <run> <numerics> <seconds>.
"""

import os
import sys
import tempfile
from pathlib import Path

from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.counting import FloatingPointOperations
from benchmarks.rounds import Rounds
from benchmarks.training.ours import NEVER
from models.build import build
from models.settings import DataShape, Numerics
from models.shared.base import AutoregressiveModel
from pipeline import config
from pipeline.files import read_json
from pipeline.settings.training import Training
from pipeline.tasks import part
from pipeline.training.batches import Batch, Batches
from pipeline.training.loss import MeanNats
from pipeline.training.trainer import prepare, train
from pipeline.training.update import backward

COUNTED = 20  # updates: their batches differ in size


class CountedBatches:
    """The batches of a run; the first batch of an update ends the update before it."""

    def __init__(self, batches: Batches, accumulate: int, rounds: Rounds) -> None:
        self._batches, self._accumulate, self._rounds = batches, accumulate, rounds

    def batch(self, number: int) -> Batch:
        """A training batch."""
        if (number - 1) % self._accumulate == 0:
            self._rounds.done(int(number > 1))
        return self._batches.batch(number)


def operations(model: AutoregressiveModel, batches: Batches, training: Training) -> float:
    """Multiplications and additions of the matrix products of an update, the mean of COUNTED."""
    network = MeanNats(model, training.label_smoothing)
    numbers = range(1, COUNTED * training.accumulate_batches + 1)
    # The fused kernel of attention has no formula; its definition has the same products.
    with sdpa_kernel(SDPBackend.MATH), FloatingPointOperations() as counter:
        for number in numbers:
            backward(network, [batches.batch(number)], training)
    model.zero_grad()
    return counter.total / COUNTED


def main(name: str, numerics: Numerics, seconds: float) -> None:
    """Train the run `name` of the scale in the current folder until there are no more rounds."""
    run = config.run_of(config.load(), name)
    encoded = Path("data/encoded") / run.dataset
    if not encoded.exists():
        sys.exit(f"error: {encoded}: no such folder; run `dvc repro encode@{run.dataset}`")
    shape = DataShape.model_validate(read_json(encoded / "manifest.json")["shape"])
    training = run.training.model_copy(update=NEVER | {"numerics": numerics})
    prepare(training)
    model = build(run.model, shape).to(training.device)
    batches = part(run.task, "batches").Batches(encoded, run.model, shape, training)
    rounds = Rounds({"operations": operations(model, batches, training)}, seconds)
    with tempfile.TemporaryDirectory() as folder:
        counted = CountedBatches(batches, training.accumulate_batches, rounds)
        train(model, counted, training, Path(folder), name)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    main(sys.argv[2], Numerics(sys.argv[3]), float(sys.argv[4]))

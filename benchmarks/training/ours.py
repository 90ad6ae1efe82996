"""Our trainer on our batches: python -m benchmarks.training.ours <seconds> <numerics>."""

import sys
import tempfile
from pathlib import Path

from benchmarks import subject
from benchmarks.rounds import Rounds
from models.build import build
from models.settings import Numerics
from pipeline.tasks.translation.batches import Batches
from pipeline.training.batches import Batch
from pipeline.training.trainer import prepare, train

# Settings with which a training does not end, validates nothing and saves nothing.
NEVER = dict.fromkeys(("steps", "validate_every", "checkpoint_every"), 10**9)


class CountedBatches(Batches):
    """The batches of the run; each batch ends the update of the one before."""

    rounds: Rounds
    _pending = 0  # targets of the update that is under way

    def batch(self, number: int) -> Batch:
        """A training batch."""
        self.rounds.done(self._pending)
        batch = super().batch(number)
        self._pending = batch.target_count
        return batch


def main(seconds: float, numerics: Numerics) -> None:
    """Train until there are no more rounds."""
    run, shape = subject.run(), subject.shape()
    training = run.training.model_copy(update=NEVER | {"numerics": numerics})
    prepare(training)
    model = build(run.model, shape)
    batches = CountedBatches(subject.encoded(), run.model, shape, training)
    batches.rounds = Rounds({"parameters": subject.parameters(model)}, seconds)
    with tempfile.TemporaryDirectory() as folder:
        train(model, batches, training, Path(folder), "training")


if __name__ == "__main__":
    main(float(sys.argv[1]), Numerics(sys.argv[2]))

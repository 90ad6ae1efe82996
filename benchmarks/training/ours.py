"""Our trainer on our batches."""

import sys
import tempfile
from pathlib import Path

from benchmarks import subject
from benchmarks.rounds import Rounds
from models.transformer import build
from pipeline.tasks.translation.batches import Batches
from pipeline.training.batches import Batch
from pipeline.training.loss import IGNORED
from pipeline.training.trainer import prepare, train

FOR_EVER = 10**9


class Counted(Batches):
    """The batches of the run; to ask for the next one is to be done with the one before."""

    rounds: Rounds
    _dealt = 0

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        self.rounds.done(self._dealt)
        batch = super().batch(step)
        self._dealt = int((batch.targets != IGNORED).sum())
        return batch


def main(seconds: float) -> None:
    """Train until there are no more rounds."""
    run, shape = subject.run(), subject.shape()
    never = dict.fromkeys(("steps", "validate_every", "checkpoint_every"), FOR_EVER)
    training = run.training.model_copy(update=never)
    prepare(training)
    model = build(run.model, shape)
    batches = Counted(subject.encoded(), run.model, shape, training)
    batches.rounds = Rounds({"parameters": subject.parameters(model)}, seconds)
    with tempfile.TemporaryDirectory() as folder:
        train(model, batches, training, Path(folder), "training")


if __name__ == "__main__":
    main(float(sys.argv[1]))

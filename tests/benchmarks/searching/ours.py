"""Our beam search, as the decode stage runs it."""

import sys

from pipeline.determinism import compute_reproducibly
from pipeline.tasks.translation.decoding.decode import translate
from tests.benchmarks import subject
from tests.benchmarks.rounds import Rounds


def main(seconds: float) -> None:
    """Translate the test split until there are no more rounds."""
    run = subject.run()
    compute_reproducibly(run.training.threads)
    model = subject.trained()
    best = translate(model, subject.encoded(), run.decoding)
    rounds = Rounds({"translations": [hypothesis.ids for hypothesis in best]}, seconds)
    while True:
        rounds.done(len(translate(model, subject.encoded(), run.decoding)))


if __name__ == "__main__":
    main(float(sys.argv[1]))

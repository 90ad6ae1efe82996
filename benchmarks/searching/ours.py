"""Our beam search as in the decode stage.

Started by benchmarks.searching: python -m benchmarks.searching.ours <seconds> <numerics>.
"""

import sys

from benchmarks import subject
from benchmarks.rounds import Rounds
from models.settings import Numerics
from pipeline.corpus import read_sequences
from pipeline.determinism import compute_deterministically
from pipeline.memory import keep_freed_memory
from pipeline.tasks.translation.decoding.decode import translate


def main(seconds: float, numerics: Numerics) -> None:
    """Translate the test split until there are no more rounds."""
    run = subject.run()
    keep_freed_memory()
    compute_deterministically(run.training.threads, numerics)
    model, sources = subject.trained(), read_sequences(subject.encoded(), "test", "source")
    found = list(translate(model, sources, run.decoding))
    rounds = Rounds({"translations": [hypothesis.ids for (hypothesis, *_) in found]}, seconds)
    while True:
        rounds.done(len(list(translate(model, sources, run.decoding))))


if __name__ == "__main__":
    main(float(sys.argv[1]), Numerics(sys.argv[2]))

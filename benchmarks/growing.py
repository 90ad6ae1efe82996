"""The cost of an update by length, batch and vocabulary, and that of encoding by data.

    python -m benchmarks.growing

An update of the default translation network on random sentences, all axes but one as in BASE:
seconds of the processor with one thread and native numerics, the median of UPDATES, and peak memory
of what an update allocates. Encoding: seconds and peak memory of a process that encodes artificial
parallel sentences.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import torch

from benchmarks.peak import peak_memory
from benchmarks.rows import machine, record
from benchmarks.subject import run
from faults.memory import encoded
from models.build import build
from models.settings import DataShape, Numerics, SequenceLayout
from models.shared.base import PADDING
from pipeline.training import optimizers
from pipeline.training.batches import Batch
from pipeline.training.loss import MeanNats
from pipeline.training.trainer import prepare
from pipeline.training.update import update

PAIRS = [20_000, 40_000, 80_000, 160_000]
UPDATES = 5


@dataclass(frozen=True)
class Size:
    """Positions of a sentence in either language, sentences of a batch, pieces."""

    length: int = 32
    batch: int = 16
    vocabulary: int = 4_000


BASE = Size()
AXES = {
    "length": [16, 32, 64, 128, 256, 512],
    "batch": [4, 16, 64, 256],
    "vocabulary": [1_000, 4_000, 16_000, 32_000],
}


class RandomSentences:
    """The same batch of random pieces for every number."""

    def __init__(self, size: Size) -> None:
        random = torch.Generator().manual_seed(0)
        shape = size.batch, size.length
        ids = (torch.randint(PADDING + 1, size.vocabulary, shape, generator=random) for _ in "sit")
        source, inputs, targets = ids
        self._batch = Batch(inputs, targets, source)

    def batch(self, number: int) -> Batch:
        """The batch."""
        return self._batch


def updated(size: Size, count: int) -> tuple[float, float]:
    """Median seconds of `count` updates after a first one, and the peak MiB of one."""
    settings = run()
    training = settings.training.model_copy(update={"threads": 1, "numerics": Numerics.NATIVE})
    prepare(training)
    shape = DataShape(inputs=size.vocabulary, outputs=size.vocabulary, layout=SequenceLayout())
    network = MeanNats(build(settings.model, shape), training.label_smoothing)
    optimizer = optimizers.build(network, training.optimizer)
    batches, seconds = RandomSentences(size), []

    def once(step: int) -> None:
        start = time.process_time()
        update(network, optimizer, batches, training, step)
        seconds.append(time.process_time() - start)

    once(1)  # also makes the optimizer's state
    peak = peak_memory(lambda: once(2)) / 2**20
    for step in range(count):
        once(step + 3)
    return median(seconds[2:]), peak


def of_updates(count: int) -> Iterator[dict[str, Any]]:
    """The rows of every axis."""
    for axis, values in AXES.items():
        for value in values:
            size = replace(BASE, **{axis: value})
            what = ", ".join(f"{name} {number:,}" for name, number in asdict(size).items())
            seconds, mebibytes = updated(size, count)
            yield _row(f"an update, by {axis}: {what}: time", seconds, "seconds of the processor")
            yield _row(f"an update, by {axis}: {what}: memory", mebibytes, "MiB")


def of_encoding(numbers: list[int]) -> Iterator[dict[str, Any]]:
    """The rows of every number of pairs."""
    for pairs in numbers:
        cost = encoded("pairs", pairs)
        what = f"encoding {pairs:>7,} pairs"
        yield _row(f"{what}: time", cost.seconds, "seconds of the processor")
        yield _row(f"{what}: memory", cost.mebibytes, "MiB")


def _row(what: str, ours: float, unit: str) -> dict[str, Any]:
    print(f"{what}: {ours:.4g} {unit}")
    return {
        "what": f"growing, {what}",
        "ours": ours,
        "peer": None,
        "ratio": None,
        "unit": unit,
        "machine": f"{machine()}, 1 thread",
        "command": "python -m benchmarks.growing",
    }


def main() -> None:
    """Read the command line, measure, and record the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=UPDATES, help="timed updates of each size")
    parser.add_argument("--pairs", type=int, nargs="+", default=PAIRS, help="to encode")
    options = parser.parse_args()
    record([*of_updates(options.updates), *of_encoding(options.pairs)])


if __name__ == "__main__":
    main()

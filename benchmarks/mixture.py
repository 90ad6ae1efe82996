"""An update of a network with a mixture of logistics, and of the same network with a softmax.

    python -m benchmarks.mixture

Two runs of the lecture, with the same layers and as many patches a batch: `image_patches_mixture`
has one position for a pixel, `image_patches_block_64` one for each of its channels. Weights and
patches are random. The runs alternate, with native numerics; seconds are the median of processor
time of one thread, which other work on the machine disturbs least.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from benchmarks.rows import machine, record
from benchmarks.shapes import shape_of
from models.build import build
from models.settings import DataShape, Numerics
from pipeline import config
from pipeline.training import optimizers
from pipeline.training.batches import Batch
from pipeline.training.loss import MeanNats
from pipeline.training.trainer import prepare
from pipeline.training.update import update

LECTURE = Path(__file__).parents[1] / "lecture" / config.PARAMS
MIXTURE, SOFTMAX = "image_patches_mixture", "image_patches_block_64"
UPDATES = 15


class RandomPatches:
    """Batches of images whose intensities are drawn evenly, as many images as the run trains on."""

    def __init__(self, shape: DataShape, batch_tokens: int) -> None:
        image = shape.layout
        length = image.height * image.width * image.channels
        size = batch_tokens // length, length
        random = torch.Generator().manual_seed(0)
        targets = torch.randint(0, shape.outputs, size, generator=random)
        inputs = targets.roll(1, dims=1)
        inputs[:, 0] = shape.inputs - 1  # the condition
        self._batch = Batch(inputs, targets)

    def batch(self, number: int) -> Batch:
        """The same batch for every number."""
        return self._batch


def updates(params: config.Params, name: str) -> Callable[[int], object]:
    """A function of the step that updates the weights of the run `name`, on one thread."""
    run = config.run_of(params, name)
    training = run.training.model_copy(update={"threads": 1, "numerics": Numerics.NATIVE})
    prepare(training)
    shape = shape_of(config.dataset_of(params, run.dataset))
    model = build(run.model, shape)
    network = MeanNats(model, training.label_smoothing)
    optimizer = optimizers.build(model, training.optimizer)
    batches = RandomPatches(shape, training.batch_tokens)
    return lambda step: update(network, optimizer, batches, training, step)


def measure(runs: dict[str, Callable[[int], object]], count: int) -> dict[str, float]:
    """Median seconds of `count` updates of each run in turn, after one to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for step in range(1, count + 2):
        for name, updated in runs.items():
            start = time.process_time()
            updated(step)
            seconds[name].append(time.process_time() - start)
    return {name: median(measured[1:]) for name, measured in seconds.items()}


def row(params: config.Params, seconds: dict[str, float]) -> dict:
    """The row of reports/benchmarks.json."""
    run = config.run_of(params, MIXTURE)
    height, width, channels = params.datasets[run.dataset].encoding.size
    patches = run.training.batch_tokens // (height * width * channels)
    return {
        "what": f"updating, {patches} images of {height}x{width}x{channels}: mixture of logistics "
        "(peer: softmax)",
        "ours": seconds[MIXTURE],
        "peer": seconds[SOFTMAX],
        "ratio": seconds[SOFTMAX] / seconds[MIXTURE],
        "unit": "seconds of the processor",
        "machine": machine(),
        "command": "python -m benchmarks.mixture",
    }


def main() -> None:
    """Read the command line, measure, and record the row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=UPDATES, help="timed updates of each run")
    count = parser.parse_args().updates
    params = config.load(LECTURE)
    seconds = measure({name: updates(params, name) for name in (MIXTURE, SOFTMAX)}, count)
    for name, median_seconds in seconds.items():
        print(f"{name}: {median_seconds:.3f} s")
    record([row(params, seconds)])


if __name__ == "__main__":
    main()

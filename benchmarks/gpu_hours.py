"""The hours of a GPU that the runs of a scale take: counted operations over an assumed rate.

    python -m benchmarks.gpu_hours paper/params.yaml

Nothing is trained and no GPU is needed: an update of each run with `training.device: cuda` runs on
PyTorch's meta device, which computes nothing, and the multiplications and additions of its matrix
products are counted. Those of softmax, norms and mixtures of logistics are not, on which a GPU
spends more time than their number suggests, above all in narrow networks. Eight GPUs are assumed to
be eight times as fast as one.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.shapes import shape_of
from models.build import build
from models.settings import DataShape, ImageLayout, ModelSettings
from models.shared.order import generation_order, super_resolution_factor
from pipeline import config
from pipeline.settings.training import Device, Precision

SENTENCE = 30  # pieces of a sentence in either language: an assumption
SUSTAINED = 0.4  # of the peak rate: an assumption
PEAKS = {  # operations per second of dense matrix products, from NVIDIA's data sheets (SXM)
    "A100": {Precision.BFLOAT16: 312e12, Precision.FLOAT32: 19.5e12},
    "H100": {Precision.BFLOAT16: 989e12, Precision.FLOAT32: 67e12},
}
HEAD = ["run", "updates", "operations of one", *PEAKS, *(f"8 {gpu}" for gpu in PEAKS)]


@dataclass(frozen=True)
class Update:
    """The sizes of an update's batch: inputs (sequences, targets), source (sequences, sources)."""

    sequences: int
    targets: int
    sources: int | None  # None: the network has no source

    def operations(self, model: ModelSettings, shape: DataShape) -> int:
        """Multiplications and additions of the matrix products, forward and backward."""
        with torch.device("meta"):
            network = build(model, shape)
            inputs, targets = self._ids(self.targets), self._ids(self.targets)
            source = None if self.sources is None else self._ids(self.sources)
        with FlopCounterMode(display=False) as counter:
            network.nats(inputs, targets, source).sum().backward()
        return counter.get_total_flops()

    def _ids(self, length: int) -> Tensor:
        return torch.zeros(self.sequences, length, dtype=torch.long)


def update_of(run: config.AnyRun, shape: DataShape) -> Update:
    """The batch of one update of `run`, over all its processes."""
    training, sources = run.training, None
    if isinstance(shape.layout, ImageLayout):
        targets = len(generation_order(run.model, shape.layout))
        if factor := super_resolution_factor(run.model):
            sources = targets // factor**2
    elif training.crop is not None:
        targets = training.crop
    else:
        targets = sources = SENTENCE
    sequences = max(1, training.batch_tokens // targets) * training.accumulate_batches
    return Update(sequences, targets, sources)


def hours(operations: int, run: config.AnyRun, gpu: str) -> float:
    """Hours of one GPU for the whole training, each update of which has `operations`."""
    rate = SUSTAINED * PEAKS[gpu][run.training.precision]
    return operations * run.training.steps / rate / 3600


def main(path: Path) -> None:
    """Print a Markdown table of the runs of the params.yaml at `path` that train on a GPU."""
    params = config.load(path)
    print(_line(HEAD), _line(["---", *["---:"] * (len(HEAD) - 1)]), sep="\n")
    for name, run in params.runs.items():
        if run.training.device is Device.CUDA:
            shape = shape_of(params.datasets[run.dataset])
            count = update_of(run, shape).operations(run.model, shape)
            times = [hours(count, run, gpu) for gpu in PEAKS]
            cells = [f"{time:.3g}" for time in [*times, *(time / 8 for time in times)]]
            print(_line([f"`{name}`", f"{run.training.steps:,}", f"{count:.2e}", *cells]))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""How many hours of a GPU the runs of a scale take: counted operations over an assumed rate.

    python -m benchmarks.gpu_hours paper/params.yaml

Nothing is trained and no GPU is needed: an update of each run with `training.device: cuda` passes
through its network on PyTorch's meta device, which computes nothing, and the multiplications and
additions of its matrix products are counted. Softmax, norms and mixtures of logistics are not: a
GPU spends more time on them than their operations say, most of all in narrow networks. Eight GPUs
are taken to be eight times as fast.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from models.network import build, pixel_order, reduction_of
from torch.utils.flop_counter import FlopCounterMode

from models.settings import DataShape
from pipeline import config
from pipeline.settings.training import Device, Precision
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.settings import DigitsEncoding
from pipeline.tasks.music.codec import events, grid
from pipeline.tasks.music.settings import ChoraleEncoding, PerformanceEncoding
from pipeline.tasks.translation.settings import TranslationEncoding

SENTENCE = 30  # pieces of a sentence in either language, assumed
SUSTAINED = 0.4  # of the peak, assumed
PEAKS = {  # operations per second of dense matrix products, from NVIDIA's data sheets (SXM)
    "A100": {Precision.BFLOAT16: 312e12, Precision.FLOAT32: 19.5e12},
    "H100": {Precision.BFLOAT16: 989e12, Precision.FLOAT32: 67e12},
}
HEAD = ["run", "updates", "operations of one", *PEAKS, *(f"8 {gpu}" for gpu in PEAKS)]


@dataclass(frozen=True)
class Update:
    """The axes of an update's batch: inputs (sequences, targets), source (sequences, sources)."""

    sequences: int
    targets: int
    sources: int | None  # None: the network has no source

    def operations(self, model: AnyModelSettings, shape: DataShape) -> int:
        """Multiplications and additions of a forward and a backward pass's matrix products."""
        with torch.device("meta"):
            network = build(model, shape)
            ids = [torch.zeros(self.sequences, length, dtype=torch.long) for length in self._reads]
        with FlopCounterMode(display=False) as counter:
            network(*ids).sum().backward()
        return counter.get_total_flops()

    @property
    def _reads(self) -> list[int]:
        return [self.targets] if self.sources is None else [self.targets, self.sources]


def update_of(run: config.AnyRun, shape: DataShape) -> Update:
    """What `run` computes in one update, of all its processes."""
    training, sources = run.training, None
    if shape.height is not None:
        targets = len(pixel_order(run.model, shape))
        if reduction := reduction_of(run.model):
            sources = targets // reduction**2
    elif training.crop is not None:
        targets = training.crop
    else:
        targets = sources = SENTENCE
    sequences = max(1, training.batch_tokens // targets) * training.accumulate_batches
    return Update(sequences, targets, sources)


def shape_of(dataset: config.Dataset) -> DataShape:
    """The shape that the encoded data will have, from its settings; images without classes."""
    match dataset.encoding:
        case TranslationEncoding(vocabulary_size=pieces):
            return DataShape.sequence(pieces, pieces)
        case ChoraleEncoding():
            return grid.SHAPE
        case PerformanceEncoding():
            return events.SHAPE
        case encoding:
            levels = 17 if isinstance(encoding, DigitsEncoding) else encoding.levels
            return ImageCodec(*encoding.size, levels, classes=1).shape


def hours(operations: int, run: config.AnyRun, gpu: str) -> float:
    """Hours of one GPU for the whole training, of updates with so many operations."""
    rate = SUSTAINED * PEAKS[gpu][run.training.precision]
    return operations * run.training.steps / rate / 3600


def main(path: Path) -> None:
    """Print a Markdown table of the runs of the params.yaml at `path`."""
    params = config.load(path)
    print(_line(HEAD), _line(["---", *["---:"] * (len(HEAD) - 1)]), sep="\n")
    for name, run in params.runs.items():
        if run.training.device is Device.CUDA:
            shape = shape_of(params.datasets[run.dataset])
            count = update_of(run, shape).operations(run.model, shape)
            each = [hours(count, run, gpu) for gpu in PEAKS]
            cells = [f"{time:.3g}" for time in [*each, *(time / 8 for time in each)]]
            print(_line([f"`{name}`", f"{run.training.steps:,}", f"{count:.2e}", *cells]))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The smoke scale on other machines, as far as this one can imitate them.

    python -m faults.machines

Fewer instructions, fewer cores, another number of threads, another folder, time zone and locale.
Data have to have the same hashes, and weights have to be equal; with another number of threads,
which rounds differently, none may differ by more than TOLERANCE. Other processors are those of
faults/processors.py.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load_file

from faults.rows import record
from faults.scale import RUNS, hashes, stage, write_params

# Of a weight; weights are about 0.1. Adam's first updates are as large as the learning rate however
# small the gradient: where it is nearly zero, rounding decides their sign.
TOLERANCE = 1e-2
# Of oneDNN's products; all else uses no more anyway (numerics.py, process.py).
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2"}


class Machine(NamedTuple):
    """What differs: the folder's name, the threads of params.yaml, variables, cores (None: all)."""

    folder: str
    tolerance: float = 0.0  # of a weight
    threads: int = 1
    environment: dict[str, str] = {}
    cores: int | None = None


MACHINES = {
    "as it is": Machine("plain"),
    "again": Machine("again"),
    "no AVX-512": Machine("avx2", environment=AVX2),
    "two threads": Machine("threads", TOLERANCE, 2, {"OMP_NUM_THREADS": "2"}),
    "one core": Machine("core", cores=1),
    "another folder": Machine("with spaces, ümlauts and 漢字"),
    "another time zone and locale": Machine(
        "zone", environment={"TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    ),
}


def main() -> None:
    """Run all and compare with the first; print, record, and fail if one differs too much."""
    numbers = {}
    with tempfile.TemporaryDirectory() as name:
        for title, machine in MACHINES.items():
            run_on(Path(name) / machine.folder, machine)
            first, other = Path(name) / MACHINES["as it is"].folder, Path(name) / machine.folder
            numbers[title] = compared(first, other, machine.tolerance)
            print(title, numbers[title])
    row = {"compared with the machine as it is": numbers}
    record("machines", "python -m faults.machines", row)
    wrong = [title for title, found in numbers.items() if not (found["data"] and found["within"])]
    if wrong:
        sys.exit(f"error: data differ, or weights by more than is allowed: {', '.join(wrong)}")


def run_on(folder: Path, machine: Machine) -> None:
    """Download, encode and train."""
    write_params(folder, RUNS, machine.threads)
    for run, dataset in RUNS.items():
        for module, argument in (("download", dataset), ("encode", dataset), ("train", run)):
            done = stage(folder, module, argument, cores=machine.cores, **machine.environment)
            assert done.returncode == 0, done.stderr


def compared(first: Path, other: Path, tolerance: float) -> dict[str, bool | float]:
    """Whether data and models have the same bytes, and the largest difference of a weight."""
    data, models = (hashes(first, part) == hashes(other, part) for part in ("data", "runs"))
    largest = float(np.max([_difference(first, other, run) for run in RUNS]))
    return {
        "data": data,
        "models": models,
        "largest difference": largest,
        "tolerance": tolerance,
        "within": largest <= tolerance,
    }


def _difference(first: Path, other: Path, run: str) -> float:
    """The largest difference of a weight; NaN if a weight is, which NumPy's maximum preserves."""
    ours, theirs = (load_file(at / f"runs/{run}/model/model.safetensors") for at in (first, other))
    return float(np.max([abs(ours[name] - theirs[name]).max() for name in ours]))


if __name__ == "__main__":
    main()

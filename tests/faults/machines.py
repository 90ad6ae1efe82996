"""The smoke scale on other machines, as far as one can be them: python -m tests.faults.machines.

Fewer instructions, another number of threads, another folder, time zone and locale. Data has to
have the same hashes; of models, the largest difference of a weight is told.
"""

import tempfile
from pathlib import Path

from safetensors.numpy import load_file

from tests.faults.rows import record
from tests.faults.scale import hashes, stage, write_params

RUNS = {
    "translation_sinusoid": "home_assistant",
    "image_local_2d": "digits",
    "music_relative": "chorales",
}
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
# What differs: the folder's name, the threads of params.yaml, variables of the environment.
MACHINES: dict[str, tuple[str, int, dict[str, str]]] = {
    "as it is": ("plain", 1, {}),
    "again": ("again", 1, {}),
    "no AVX-512": ("avx2", 1, AVX2),
    "two threads": ("threads", 2, {"OMP_NUM_THREADS": "2"}),
    "another folder": ("with spaces, ümlauts and 漢字", 1, {}),
    "another time zone and locale": ("zone", 1, {"TZ": "Pacific/Kiritimati", "LC_ALL": "C"}),
}
# Of a weight, whose size is about 0.1. Adam's first updates have the size of the learning rate
# whatever that of the gradient: where it is next to nothing, rounding decides on their sign.
TOLERANCE = 1e-2


def main() -> None:
    """Run all, compare with the first, print and record."""
    numbers = {}
    with tempfile.TemporaryDirectory() as name:
        for machine, (place, threads, environment) in MACHINES.items():
            run_on(Path(name) / place, threads, environment)
            first, other = (Path(name) / each for each in ("plain", place))
            numbers[machine] = compared(first, other)
            print(machine, numbers[machine])
    numbers = {"compared with the machine as it is": numbers, "tolerance": TOLERANCE}
    record("machines", "python -m tests.faults.machines", numbers)


def run_on(folder: Path, threads: int, environment: dict[str, str]) -> None:
    """Download, encode and train."""
    write_params(folder, list(RUNS), threads)
    for run, dataset in RUNS.items():
        for module, argument in (("download", dataset), ("encode", dataset), ("train", run)):
            done = stage(folder, module, argument, **environment)
            assert done.returncode == 0, done.stderr


def compared(first: Path, other: Path) -> dict[str, bool | float]:
    """Whether data and models have the same bytes, and how far apart a weight is at most."""
    data, models = (hashes(first, part) == hashes(other, part) for part in ("data", "runs"))
    return {
        "data": data,
        "models": models,
        "largest difference": max(_apart(first, other, run) for run in RUNS),
    }


def _apart(first: Path, other: Path, run: str) -> float:
    ours, theirs = (load_file(at / f"runs/{run}/model/model.safetensors") for at in (first, other))
    return max(float(abs(ours[name] - theirs[name]).max()) for name in ours)


if __name__ == "__main__":
    main()

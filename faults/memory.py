"""Memory over a long training and over large data sets: python -m faults.memory.

Trains the smoke scale's music network for ten times the steps of the default scale's, and samples
the resident memory of the process; encodes artificial parallel text and images, and ten times as
many. Fails if memory grows with the number of steps or of records.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from faults.rows import record
from faults.scale import ROOT, stage, write_params

RUN, DATASET = "music_relative", "chorales"
TIMES = 10
RECORDS = {"pairs": 20_000, "images": 10_000}  # in the smaller of two data sets
MAX_GROWTH = 0.05  # during a training, from a fifth of its time to its end
MAX_RATIO = 1.25  # of the peaks of the larger and the smaller data set
_POINTS = 100

Peaks = dict[str, dict[str, float]]  # MiB of an encode stage, by kind and number of records


class Cost(NamedTuple):
    """Seconds of the processor and peak memory of an encode stage."""

    seconds: float
    mebibytes: float


def main() -> None:
    """Measure both; print, record, and fail if memory is not flat."""
    with tempfile.TemporaryDirectory() as folder:
        steps, curve = trained(Path(folder))
    settled = [mebibytes for share, mebibytes in curve if share >= 0.2]
    growth = settled[-1] / settled[0] - 1
    print(f"{steps} steps: {settled[0]:.0f} MiB after a fifth, {settled[-1]:.0f} at the end")
    peaks = encodings()
    numbers = {
        "training": {"steps": steps, "curve": curve, "growth after a fifth": round(growth, 4)},
        "encoding": peaks,
    }
    record("memory", "python -m faults.memory", numbers)
    if found := flaws(growth, peaks):
        sys.exit(f"error: memory is not flat: {'; '.join(found)}")


def flaws(growth: float, peaks: Peaks) -> list[str]:
    """Descriptions of what grows with the steps of a training or the records of a data set."""
    found = []
    if growth > MAX_GROWTH:
        found.append(f"{growth:+.1%} in a training, more than {MAX_GROWTH:+.1%}")
    for kind, by_number in peaks.items():
        few, many = (by_number[number] for number in sorted(by_number, key=int))
        if many > MAX_RATIO * few:
            found.append(
                f"{many:.0f} MiB for {TIMES} times the {kind} of {few:.0f} MiB, "
                f"more than {MAX_RATIO} times as much"
            )
    return found


def encodings() -> Peaks:
    """Encode few and many artificial records of each kind; print the peaks."""
    peaks: Peaks = {}
    for kind, few in RECORDS.items():
        peaks[kind] = {str(count): encoded(kind, count).mebibytes for count in (few, TIMES * few)}
        shown = (f"{int(number):,}: {peak:.0f} MiB" for number, peak in peaks[kind].items())
        print(f"{kind} encoded: {', '.join(shown)} at the peak")
    return peaks


def trained(folder: Path) -> tuple[int, list[tuple[float, float]]]:
    """The steps of a long training, and its resident MiB at each share of its time."""
    yaml = YAML()
    steps = TIMES * yaml.load(ROOT / "params.yaml")["runs"][RUN]["training"]["steps"]
    write_params(folder, [RUN])
    raw = yaml.load(folder / "params.yaml")
    every = {"validate_every": steps // 10, "checkpoint_every": steps // 10}
    raw["runs"][RUN]["training"].update(steps=steps, average_every=steps // 10, **every)
    yaml.dump(raw, folder / "params.yaml")
    for module in ("download", "encode"):
        done = stage(folder, module, DATASET)
        assert done.returncode == 0, done.stderr
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "pipeline"), "train", RUN]
    training = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    samples = []
    while training.poll() is None:
        samples.append(_resident(training.pid))
        time.sleep(0.2)
    assert training.returncode == 0
    resident = [sample for sample in samples if sample]
    chosen = [round(point * (len(resident) - 1) / _POINTS) for point in range(_POINTS + 1)]
    return steps, [(point / _POINTS, resident[index]) for point, index in enumerate(chosen)]


def _resident(pid: int) -> float:
    """Resident memory of a process in MiB; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return round(pages * resource.getpagesize() / 2**20, 1)


def encoded(kind: str, count: int) -> Cost:
    """The cost of an encode stage of `count` artificial records."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "faults.memory", kind, str(count), folder]
        return Cost(*json.loads(subprocess.check_output(command, text=True)))


def _encode(kind: str, count: int, raw: Path) -> None:
    from pipeline.memory import peak_memory

    (raw / "encoded").mkdir()
    encode = {"pairs": _pairs, "images": _images}[kind](count, raw)
    start = time.process_time()
    encode()
    print(json.dumps([time.process_time() - start, round(peak_memory() / 2**20, 1)]))


def _pairs(pairs: int, raw: Path) -> Callable[[], object]:
    """Write `pairs` artificial pairs; return what encodes them."""
    from faults.hostile import parallel_text
    from pipeline.tasks.translation.encoding.encode import encode
    from pipeline.tasks.translation.settings import TranslationReader

    random = Random(1)
    words = ["".join(random.choices("abcdefghijkl", k=random.randint(2, 8))) for _ in range(5000)]
    schema = pa.schema({"en": pa.string(), "de": pa.string()})
    for split, count in (("validation", 200), ("test", 200), ("train", pairs)):
        with pq.ParquetWriter(raw / f"{split}.parquet", schema) as writer:
            for start in range(0, count, 1000):
                rows = range(min(1000, count - start))
                texts = [[" ".join(random.choices(words, k=8)) for _ in rows] for _ in range(2)]
                writer.write_table(pa.table(texts, schema))
    reader = TranslationReader.PARALLEL_COLUMNS
    return partial(encode, raw, raw / "encoded", parallel_text(reader, vocabulary_size=1000))


def _images(images: int, raw: Path) -> Callable[[], object]:
    """Write `images` artificial images; return what encodes them."""
    from pipeline.tasks.image.encoding.encode import encode
    from tests.tasks.image.pictures import file_of, noise, parquet_encoding

    schema = pa.schema({"image": pa.binary(), "label": pa.int64()})
    with pq.ParquetWriter(raw / "train.parquet", schema) as writer:
        for start in range(0, images, 1000):
            numbers = range(start, start + 1000)
            files = [file_of(noise(seed=number)) for number in numbers]
            labels = [number % 10 for number in numbers]
            writer.write_table(pa.table([files, labels], schema))
    splits = {"validation": 0.1, "test": 0.1, "seed": 1}
    return partial(encode, raw, raw / "encoded", parquet_encoding(splits=splits))


if __name__ == "__main__":
    if sys.argv[1:]:
        _encode(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()

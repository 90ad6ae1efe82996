"""Memory over a long training and over much data: python -m tests.faults.memory.

Trains the smoke scale's music network for ten times the steps of the default scale's and samples
what the process holds; encodes made-up parallel text, and ten times as much of it.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from tests.faults.rows import record
from tests.faults.scale import ROOT, stage, write_params

RUN, DATASET = "music_relative", "chorales"
TIMES = 10
PAIRS = 20_000
_POINTS = 100


def main() -> None:
    """Measure both, print and record them."""
    with tempfile.TemporaryDirectory() as folder:
        steps, curve = trained(Path(folder))
    settled = [mebibytes for share, mebibytes in curve if share >= 0.2]
    growth = settled[-1] / settled[0] - 1
    peaks = {pairs: encoded(pairs) for pairs in (PAIRS, TIMES * PAIRS)}
    print(f"{steps} steps: {settled[0]:.0f} MiB after a fifth, {settled[-1]:.0f} at the end")
    print(*(f"{pairs:,} pairs: {peak:.0f} MiB at the peak" for pairs, peak in peaks.items()))
    numbers = {
        "training": {"steps": steps, "curve": curve, "growth after a fifth": round(growth, 4)},
        "encoding": {str(pairs): peak for pairs, peak in peaks.items()},
    }
    record("memory", "python -m tests.faults.memory", numbers)


def trained(folder: Path) -> tuple[int, list[tuple[float, float]]]:
    """The steps of a long training, and the MiB that it held at each share of its time."""
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
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pipeline.train", RUN]
    training = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    samples = []
    while training.poll() is None:
        samples.append(_resident(training.pid))
        time.sleep(0.2)
    assert training.returncode == 0
    held = [sample for sample in samples if sample]
    chosen = [round(point * (len(held) - 1) / _POINTS) for point in range(_POINTS + 1)]
    return steps, [(point / _POINTS, held[at]) for point, at in enumerate(chosen)]


def _resident(pid: int) -> float:
    """MiB that a process holds; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return round(pages * resource.getpagesize() / 2**20, 1)


def encoded(pairs: int) -> float:
    """MiB of the peak of an encode stage of so many made-up pairs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.faults.memory", str(pairs), folder]
        return json.loads(subprocess.check_output(command, text=True))


def _encode(pairs: int, raw: Path) -> None:
    from pipeline.memory import peak_memory
    from pipeline.tasks.translation.encoding.encode import encode
    from pipeline.tasks.translation.settings import TranslationReader
    from tests.faults.hostile import parallel_text

    random = Random(1)
    words = ["".join(random.choices("abcdefghijkl", k=random.randint(2, 8))) for _ in range(5000)]
    schema = pa.schema({"en": pa.string(), "de": pa.string()})
    for split, count in (("validation", 200), ("test", 200), ("train", pairs)):
        with pq.ParquetWriter(raw / f"{split}.parquet", schema) as writer:
            for start in range(0, count, 1000):
                rows = range(min(1000, count - start))
                texts = [[" ".join(random.choices(words, k=8)) for _ in rows] for _ in range(2)]
                writer.write_table(pa.table(texts, schema))
    (raw / "encoded").mkdir()
    reader = TranslationReader.PARALLEL_COLUMNS
    encode(raw, raw / "encoded", parallel_text(reader, vocabulary_size=1000))
    print(round(peak_memory() / 2**20, 1))


if __name__ == "__main__":
    if sys.argv[1:]:
        _encode(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()

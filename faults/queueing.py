"""What a cluster costs beside the work itself: python -m faults.queueing.

Needs root, SLURM and munge. Measures how long SLURM takes to queue a job, and the processor time of
dvc for scales of two sizes: every job pays a commit, every submission a status. Writes a row of
reports/faults.json.
"""

import json
import os
import resource
import shutil
import time
from pathlib import Path

from ruamel.yaml import YAML

from faults import cluster as kills
from faults.copies import call
from faults.rows import record
from faults.scale import read, write
from faults.slurm import Cluster, cluster, missing

RUN, STAGES = "image_local_2d", ("train", "decode", "evaluate")
SIZES = (10, 30)  # runs of a scale
JOBS = 1000  # that wait in the queue
WORK = Path(".work/queueing").resolve()


def main() -> None:
    """Measure all, print it, and record the row."""
    if reason := missing():
        print(f"skipped: {reason}")
        return
    os.nice(2)
    kills.prepare()
    shutil.rmtree(WORK, ignore_errors=True)
    numbers = {"dvc, seconds of a core by runs": {str(runs): of_dvc(runs) for runs in SIZES}}
    print(numbers, flush=True)
    with cluster(WORK / "slurm", cpus=1) as slurm:
        os.environ.update(slurm.environment)
        numbers["SLURM"] = of_slurm(slurm)
        print(numbers["SLURM"], flush=True)
    record("queueing", "python -m faults.queueing", numbers)


def of_dvc(runs: int) -> dict[str, float]:
    """Processor time of a commit and of what submit asks, in a scale with so many runs."""
    folder = WORK / f"runs_{runs}"
    shutil.copytree(kills.WORK / "whole", folder, symlinks=True)
    raw = read(folder)
    run = raw["runs"][RUN]
    raw["runs"] = {f"image_{number:04}": run for number in range(runs)}
    raw["datasets"] = {"digits": raw["datasets"]["digits"]}
    write(raw, folder)
    yaml = YAML()
    lock = yaml.load(folder / "dvc.lock")
    stages = lock["stages"]
    for stage in STAGES:
        entry = json.dumps(stages.pop(f"{stage}@{RUN}"))
        for name in raw["runs"]:
            stages[f"{stage}@{name}"] = json.loads(entry.replace(RUN, name))
    yaml.dump(lock, folder / "dvc.lock")
    for kind in ("runs", "reports/curves"):
        for path in (folder / kind).glob(f"{RUN}*"):
            path.rename(path.with_name(path.name.replace(RUN, "image_0000")))
    return {
        "commit": processor_time(folder, "dvc", "commit", "-q", "-f", "train@image_0000"),
        "dag": processor_time(folder, "dvc", "dag", "--dot"),
        "status": processor_time(folder, "dvc", "status", "--json"),
    }


def processor_time(folder: Path, *command: str) -> float:
    """Seconds of a core of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call(folder, *command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)


def of_slurm(slurm: Cluster) -> dict[str, float]:
    """Seconds of sbatch and squeue with JOBS in the queue, and for a job that waits for them."""
    began = time.monotonic()
    options = ("--parsable", "--hold", "--output=/dev/null", "--wrap=true")
    numbers = [slurm.call("sbatch", *options).strip() for _ in range(JOBS)]
    queued = time.monotonic()
    assert len(slurm.call("squeue", "--noheader").split("\n")) == JOBS + 1
    listed = time.monotonic()
    last = slurm.call("sbatch", f"--dependency=afterok:{':'.join(numbers)}", *options)
    found = {
        "jobs": JOBS,
        "sbatch, milliseconds a job": round(1e3 * (queued - began) / JOBS, 1),
        "squeue of them, milliseconds": round(1e3 * (listed - queued)),
        "a job that waits for all is taken": last.strip().isdecimal(),
    }
    slurm.call("scancel", "--me")
    return found


if __name__ == "__main__":
    main()

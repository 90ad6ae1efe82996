"""Kills while the smoke scale runs on a SLURM cluster of two hosts: python -m faults.cluster.

Needs root, SLURM and munge. At random moments, which follow from SEED, one of these ends: a stage,
by SIGKILL; all jobs, by one that preempts them; a host, with all that runs on it; the controller.
Hosts and controller are started again after some seconds. What failed is submitted again, as a user
would. In the end all outputs have to be those of an undisturbed `dvc repro`, on one machine without
SLURM. Writes a row of reports/faults.json.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from enum import StrEnum
from pathlib import Path

from faults.copies import call, fresh_copy
from faults.kills import contents, processes_in
from faults.rows import record
from faults.slurm import HOSTS, SETTINGS, Cluster, cluster, missing
from pipeline.files import read_json, write_json

SEED = 1
WORK = Path(".work/cluster").resolve()
BASE, UNDISTURBED = WORK / "base", WORK / "undisturbed.json"
_SHORTEST, _LONGEST = 1.0, 9.0  # seconds between kills
_DOWN = 3.0  # seconds until what was killed is started again


class Target(StrEnum):
    """What is killed."""

    STAGE = "stage"  # its process
    JOBS = "jobs"  # all that run, preempted
    HOST = "host"  # with all that runs on it
    CONTROLLER = "controller"


def main(kills: int) -> None:
    """Run the scale until so many kills are done, compare, and record the row."""
    if reason := missing():
        print(f"skipped: {reason}")
        return
    os.nice(2)
    prepare()
    numbers: Counter[str] = Counter()
    done: Counter[str] = Counter()
    different: set[str] = set()
    undisturbed = read_json(UNDISTURBED)
    with cluster(WORK / "slurm", cpus=1) as slurm:
        os.environ.update(slurm.environment)
        while done.total() < kills:
            folder = WORK / "scale"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(BASE, folder, symlinks=True)
            numbers["submitted again"] += disturbed(folder, slurm, kills, done) - 1
            numbers["scales"] += 1
            after = contents(folder)
            different |= {key for key, _ in undisturbed.items() ^ after.items()}
            numbers["files and records"] += len(after)
    row = {"kills": done, "total": done.total(), "different": len(different), **numbers}
    print(row, sorted(different))
    record("cluster", "python -m faults.cluster", row | {"seed": SEED})
    if different:
        sys.exit(f"error: other outputs than undisturbed: {', '.join(sorted(different))}")


def prepare() -> None:
    """Make the scale once without SLURM, and a copy in which the data sets alone are there."""
    if UNDISTURBED.exists():
        return
    shutil.rmtree(WORK, ignore_errors=True)
    BASE.mkdir(parents=True)
    fresh_copy(BASE)
    (BASE / "cluster.yaml").write_text(SETTINGS)
    call(BASE, "dvc", "repro", "check", "scratch", *_downloads(BASE))
    shutil.copytree(BASE, whole := WORK / "whole", symlinks=True)
    call(whole, "dvc", "repro")
    write_json(UNDISTURBED, contents(whole))


def _downloads(folder: Path) -> list[str]:
    names = call(folder, "dvc", "stage", "list", "--name-only").split()
    return [name for name in names if name.startswith("download@")]


def disturbed(folder: Path, slurm: Cluster, kills: int, done: Counter[str]) -> int:
    """Run the scale in `folder` with kills until there are `kills`; return how often submitted."""
    submitted = 0
    while True:
        submitted += 1
        call(folder, sys.executable, "pipeline", "submit")
        while (said := slurm.call("squeue", "-h", "-o", "%T %r")) and "held" not in said:
            slurm.resume()
            draw = random.Random(f"{SEED} {done.total()}")
            time.sleep(draw.uniform(_SHORTEST, _LONGEST))
            if done.total() < kills and "RUNNING" in slurm.call("squeue", "-h", "-o", "%T"):
                target = list(Target)[done.total() % len(Target)]
                if kill(target, draw, folder, slurm):
                    done[target] += 1
                    print(done.total(), target, flush=True)
        if not said and call(folder, "dvc", "status").strip().endswith("up to date."):
            return submitted


def kill(target: Target, draw: random.Random, folder: Path, slurm: Cluster) -> bool:
    """Kill `target` and start it again; whether there was one."""
    match target:
        case Target.STAGE:
            stages = [pid for pid, said in processes_in(folder) if "pipeline " in said]
            if not stages:
                return False
            os.kill(draw.choice(stages), signal.SIGKILL)
        case Target.JOBS:
            urgent = ("--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null")
            slurm.call("sbatch", *urgent, "--wrap=sleep 1")
        case Target.HOST:
            host = draw.choice(HOSTS)
            slurm.kill(host)
            time.sleep(_DOWN)
            slurm.start_host(host)
        case Target.CONTROLLER:
            slurm.kill("slurmctld")
            time.sleep(_DOWN)
            slurm.start_controller()
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    main(parser.parse_args().kills)

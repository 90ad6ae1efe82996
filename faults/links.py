"""A training on two hosts whose link is cut: python -m faults.links.

Needs root, SLURM and munge. A run with two processes trains on two hosts, each a network namespace
with a process of its own, joined by torchrun (gloo). In the middle the network of one of them is
cut, and in another training a host is killed. SLURM ends the job and queues it again; once the host
is back it resumes from its last checkpoint, and the model has to have the bytes of two processes on
one machine that nobody disturbed. Writes a row of reports/faults.json.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faults.copies import call
from faults.rows import record
from faults.scale import hashes, stage, write
from faults.slurm import HOSTS, Cluster, cluster, cut, encoded_scale, mend, missing

RUN = "image_local_2d"
WORK = Path(".work/links").resolve()
STEPS, EVERY = 240, 6  # of the training, and until a checkpoint


def main() -> None:
    """Train undisturbed and disturbed, compare, and record the row."""
    if reason := missing():
        print(f"skipped: {reason}")
        return
    os.nice(2)
    shutil.rmtree(WORK, ignore_errors=True)
    base = prepare()
    assert stage(base / "alone", "train", RUN).returncode == 0
    alone = hashes(base / "alone", f"runs/{RUN}/model")
    numbers = {}
    with cluster(WORK / "slurm", cpus=1) as slurm:
        os.environ.update(slurm.environment)
        for title, disturb in (("nothing", None), ("link cut", away), ("host killed", killed)):
            folder = shutil.copytree(base, WORK / title.replace(" ", "_"), symlinks=True)
            numbers[title] = trained(folder, slurm, disturb)
            numbers[title]["the same bytes"] = hashes(folder, f"runs/{RUN}/model") == alone
            print(title, numbers[title], flush=True)
    record("links", "python -m faults.links", numbers)
    if wrong := [title for title, found in numbers.items() if not found["the same bytes"]]:
        sys.exit(f"error: other bytes after: {', '.join(wrong)}")


def prepare() -> Path:
    """A scale with one run of two processes, encoded; in `alone`, the same without dvc."""
    folder = WORK / "base"
    raw = encoded_scale(folder, RUN, processes=2, steps=STEPS, checkpoint_every=EVERY)
    write(raw, folder / "alone")
    shutil.copytree(folder / "data", folder / "alone/data")
    return folder


def trained(folder: Path, slurm: Cluster, disturb: Callable[[Cluster], None] | None) -> dict:
    """Train on both hosts, with a disturbance in the middle; how often the job started again."""
    call(folder, sys.executable, "pipeline", "submit", "--runs", RUN)
    log = folder / f".work/jobs/train@{RUN}.log"
    if disturb:
        _await(lambda: any((folder / ".work/train").rglob("checkpoint.safetensors")))
        disturb(slurm)
    _await(lambda: (folder / f"runs/{RUN}/model/model.safetensors").exists())
    slurm.call("scancel", "--me")
    _await(lambda: not slurm.call("squeue", "--noheader"))
    said = log.read_text()
    return {
        "updates": STEPS,
        "resumptions": said.count("resuming"),
        "told": [line for line in said.splitlines() if "NODE FAILURE" in line][:1],
    }


def away(slurm: Cluster) -> None:
    """Cut the network of a host until SLURM takes it for lost."""
    cut(HOSTS[1])
    _await(lambda: "RUNNING" not in slurm.call("squeue", "-h", "-o", "%T"))
    mend(HOSTS[1])


def killed(slurm: Cluster) -> None:
    """Kill a host until SLURM takes it for lost."""
    slurm.kill(HOSTS[1])
    _await(lambda: "RUNNING" not in slurm.call("squeue", "-h", "-o", "%T"))
    slurm.start_host(HOSTS[1])


def _await(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


if __name__ == "__main__":
    main()

"""A sweep and a time limit on a SLURM cluster of two hosts: python -m faults.limits.

Needs root, SLURM and munge. Two learning rates of a run become experiments by `submit -S`: their
curves and measurements have to be those of the same parameters by plain stages, without SLURM and
dvc. Then the run trains in jobs that SLURM ends after a minute, so that it takes several, and its
model has to have the bytes of a training without a limit. Writes a row of reports/faults.json.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faults.copies import call, commit
from faults.rows import record
from faults.scale import hashes, read, stage, write
from faults.slurm import SETTINGS, Cluster, cluster, encoded_scale, missing

RUN = "image_local_2d"
RATES = (0.001, 0.002)
WORK = Path(".work/limits").resolve()
STEPS, EVERY = 1500, 300  # of the training with a time limit, and until a checkpoint
MINUTE = 'options: {"*": {time: "00:01:00", mem: 1G}}'
COMPARED = (f"reports/curves/{RUN}.csv", f"reports/measurements/{RUN}.json")
_PATIENCE = 900.0  # seconds


def main() -> None:
    """Run both, compare, and record the row."""
    if reason := missing():
        print(f"skipped: {reason}")
        return
    os.nice(2)
    shutil.rmtree(WORK, ignore_errors=True)
    base = prepare()
    with cluster(WORK / "slurm", cpus=1) as slurm:
        os.environ.update(slurm.environment)
        numbers = {"sweep": swept(base, slurm), "time limit": limited(base, slurm)}
    print(numbers)
    record("limits", "python -m faults.limits", numbers)
    if numbers["sweep"]["the same"] < len(RATES) or not numbers["time limit"]["the same bytes"]:
        sys.exit("error: other results than without SLURM")


def prepare() -> Path:
    """A repository of a scale with one run, which is encoded."""
    folder = WORK / "base"
    encoded_scale(folder, RUN)
    commit(folder)
    return folder


def swept(base: Path, slurm: Cluster) -> dict[str, int]:
    """Submit a sweep; count its experiments, and those with the results of plain stages."""
    values = ",".join(map(str, RATES))
    path = f"runs.{RUN}.training.learning_rate"
    call(base, sys.executable, "pipeline", "submit", "-S", f"{path}={values}")
    _await(lambda: not slurm.call("squeue", "--noheader"))
    names = call(base, "dvc", "exp", "list", "--name-only").split()
    same = 0
    for rate in RATES:
        alone = _alone(base, f"rate_{rate}", learning_rate=rate)
        for module in ("train", "decode", "evaluate"):
            assert stage(alone, module, RUN).returncode == 0
        (name,) = (name for name in names if name.endswith(f"-{rate}"))
        same += all(_of_experiment(base, name, file) == _read(alone, file) for file in COMPARED)
    return {"experiments": len(names), "the same": same}


def limited(base: Path, slurm: Cluster) -> dict[str, int | bool]:
    """Train with a time limit; count the jobs that reached it."""
    changed = {"steps": STEPS, "checkpoint_every": EVERY, "validate_every": STEPS}
    alone = _alone(base, "unlimited", **changed)
    assert stage(alone, "train", RUN).returncode == 0
    folder = shutil.copytree(base, WORK / "limited", symlinks=True)
    shutil.copy(alone / "params.yaml", folder)
    (folder / "cluster.yaml").write_text(SETTINGS.replace(SETTINGS.splitlines()[-1], MINUTE))
    call(folder, sys.executable, "pipeline", "submit", "--runs", RUN)
    _await(lambda: (folder / f"runs/{RUN}/model/model.safetensors").exists())
    slurm.call("scancel", "--me")
    said = (folder / f".work/jobs/train@{RUN}.log").read_text()
    model = f"runs/{RUN}/model"
    return {
        "updates": STEPS,
        "out of time": said.count("out of time"),
        "resumptions": said.count("resuming"),
        "the same bytes": hashes(folder, model) == hashes(alone, model),
    }


def _alone(base: Path, name: str, **training: float) -> Path:
    """A folder of that scale without dvc, whose training has these parameters."""
    raw = read(base)
    raw["runs"][RUN]["training"] |= training
    folder = WORK / name
    write(raw, folder)
    shutil.copytree(base / "data", folder / "data")
    return folder


def _of_experiment(base: Path, name: str, file: str) -> object:
    refs = call(base, "git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    (ref,) = (ref for ref in refs if ref.endswith(f"/{name}"))
    return _parsed(file, call(base, "git", "show", f"{ref}:{file}"))


def _read(folder: Path, file: str) -> object:
    return _parsed(file, (folder / file).read_text())


def _parsed(file: str, text: str) -> object:
    return json.loads(text) if file.endswith(".json") else text


def _await(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


if __name__ == "__main__":
    main()

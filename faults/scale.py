"""The smoke scale without dvc: stages as plain commands, in any folder."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
SMOKE = ROOT / "tests" / "smoke"
RUNS = {  # one of each task, with its data
    "translation_sinusoid": "home_assistant",
    "image_local_2d": "digits",
    "music_relative": "chorales",
}


def write_params(folder: Path, runs: Iterable[str], threads: int = 1) -> None:
    """The smoke scale's params.yaml with some of its runs and their data sets."""
    raw = read(SMOKE)
    raw["runs"] = {name: raw["runs"][name] for name in runs}
    names = {run["dataset"] for run in raw["runs"].values()}
    raw["datasets"] = {name: raw["datasets"][name] for name in raw["datasets"] if name in names}
    for run in raw["runs"].values():
        run["training"]["threads"] = threads
    write(raw, folder)


def read(folder: Path) -> dict[str, Any]:
    """The params.yaml of a scale."""
    return YAML(typ="safe", pure=True).load(folder / "params.yaml")


def write(raw: dict[str, Any], folder: Path) -> None:
    """Write `raw` as the params.yaml of `folder`, which need not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    YAML().dump(raw, folder / "params.yaml")


def stage(
    folder: Path, module: str, *arguments: str, cores: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a stage in `folder` as a user would, on the first `cores` of the machine; None: all."""
    return subprocess.run(
        [sys.executable, str(ROOT / "pipeline"), module, *arguments],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        preexec_fn=partial(_pin, cores) if cores else None,
        capture_output=True,
        text=True,
    )


def _pin(cores: int) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def hashes(folder: Path, *outputs: str) -> dict[str, str]:
    """The sha256 of each file of the outputs by its path, relative to `folder`."""
    found = [folder / output for output in outputs]
    paths = [path for out in found for path in ([out] if out.is_file() else out.rglob("*"))]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }

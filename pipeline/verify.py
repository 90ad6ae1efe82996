"""Compare all outputs with the committed ones, by hash or within tolerance.

Reads dvc.lock and reports/measurements in the working tree and at HEAD. With reproducible numerics
all outputs have the same hashes on every x86-64 processor with AVX2, for the number of threads that
params.yaml names. With native numerics, or on other machines, rounding differs and leads to an
equivalent model: its outputs are within tolerance if each score of the run is in the committed 95 %
interval. Demonstrations have no training: their numbers are within tolerance up to ROUNDING.

Writes the processor and the number of the same outputs to reports/machines.json, which the page
lists: a page that was made from another such list than the committed one is left out. Exits with
status 1 if an output differs or is missing.
"""

import json
import math
import subprocess
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from pipeline import config, processor, provenance
from pipeline.errors import PipelineError
from pipeline.files import read_json
from pipeline.reporting import machines
from pipeline.reporting.flatten import leaves

LOCK = Path("dvc.lock")
MEASUREMENTS = Path("reports/measurements")
ROUNDING = 1e-3  # relative tolerance, and absolute near 0

_MEASURING = ("evaluate@", "demonstrate@")  # stages that write metrics

Stages = dict[str, dict[str, Any]]  # as dvc.lock has them, by name


class State(StrEnum):
    """State of a committed output."""

    SAME = "same"
    WITHIN = "within"  # within tolerance
    DIFFERS = "differs"
    MISSING = "missing"


class Output(NamedTuple):
    """An output in dvc.lock."""

    path: str
    digest: str
    stage: str


def main() -> None:
    """Print the state of each output of the committed dvc.lock."""
    committed, current = _stages(_committed(LOCK)), _stages(_lock())
    outputs = [
        output for output in _outputs(committed) if _has_same_list(output, committed, current)
    ]
    states = {output.path: _state(output, current, committed) for output in outputs}
    for path, state in states.items():
        print(f"{state:8} {path}")
    counts = {state: list(states.values()).count(state) for state in State}
    print(
        f"{counts[State.SAME]} of {len(states)} outputs are the same as the committed ones, "
        f"{counts[State.WITHIN]} within tolerance"
    )
    if not counts[State.MISSING]:
        machines.record(_machine(counts[State.SAME], len(states)))
    if counts[State.DIFFERS] or counts[State.MISSING]:
        sys.exit(1)


def _machine(same: int, of: int) -> machines.Machine:
    runs = config.load().runs.values()
    return machines.Machine(
        processor=processor.model(),
        vendor=processor.vendor(),
        instructions=processor.vectors(),
        threads=sorted({run.training.threads for run in runs}),
        torch=version("torch"),
        scale=provenance.scale(),
        commit=_git("log", "-1", "--format=%h", "--", LOCK.as_posix()).strip(),
        same=same,
        of=of,
    )


def _has_same_list(output: Output, committed: Stages, current: Stages) -> bool:
    """Whether `output` was made from the list of machines of the committed one, or from none."""
    return _list_of(output.stage, committed) == _list_of(output.stage, current)


def _list_of(stage: str, stages: Stages) -> str | None:
    """Return the digest of the list of machines that a stage read."""
    deps = stages.get(stage, {}).get("deps", [])
    return next((dep["md5"] for dep in deps if Path(dep["path"]).name == machines.FILE.name), None)


def _stages(lock: str) -> Stages:
    return YAML(typ="safe", pure=True).load(lock)["stages"]


def _outputs(stages: Stages) -> list[Output]:
    return [
        Output(out["path"], out["md5"], name)
        for name, stage in stages.items()
        for out in stage.get("outs", [])
    ]


def _state(output: Output, current: Stages, committed: Stages) -> State:
    digests = _digests(current)
    if output.path not in digests or not Path(output.path).exists():
        return State.MISSING
    if digests[output.path] == output.digest:
        return State.SAME
    runs = _runs_behind(output, committed)
    is_within = runs and runs <= _evaluated(current) and all(map(_has_committed_scores, runs))
    return State.WITHIN if is_within else State.DIFFERS


def _digests(stages: Stages) -> dict[str, str]:
    return {output.path: output.digest for output in _outputs(stages)}


def _runs_behind(output: Output, stages: Stages) -> set[str]:
    """Return the runs and demonstrations that `output` depends on."""
    stage, _, name = output.stage.partition("@")
    if stage in ("train", "decode", "evaluate", "demonstrate"):
        return {name}
    if stage in ("judge", "report"):
        return {stage.partition("@")[2] for stage in stages if stage.startswith(_MEASURING)}
    return set()


def _evaluated(stages: Stages) -> set[str]:
    """Return the runs and demonstrations whose evaluation is up to date."""
    digests = _digests(stages)
    return {
        name.partition("@")[2]
        for name, stage in stages.items()
        if name.startswith(_MEASURING)
        and all(dep["md5"] == digests.get(dep["path"], dep["md5"]) for dep in stage["deps"])
    }


def _has_committed_scores(run: str) -> bool:
    """Whether each score of `run` is in its committed interval.

    Demonstrations have no intervals: whether their numbers equal the committed ones up to rounding.
    """
    path = MEASUREMENTS / f"{run}.json"
    current = dict(leaves(read_json(path)))
    committed = dict(leaves(json.loads(_committed(path))))
    scores = [name for name in committed if f"{name}_low" in committed]
    if not scores:
        return all(
            math.isclose(current.get(name, math.nan), value, rel_tol=ROUNDING, abs_tol=ROUNDING)
            for name, value in committed.items()
        )
    return all(
        committed[f"{name}_low"] <= current.get(name, math.nan) <= committed[f"{name}_high"]
        for name in scores
    )


def _lock() -> str:
    try:
        return LOCK.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PipelineError(f"{LOCK}: no such file; run dvc repro first") from None


def _committed(path: Path) -> str:
    return _git("show", f"HEAD:./{path.as_posix()}")


def _git(command: str, *arguments: str) -> str:
    shown = subprocess.run(  # noqa: S603 (git, with a list of arguments and no shell)
        ["git", command, *arguments],  # noqa: S607 (found on PATH)
        capture_output=True,
        text=True,
        check=False,
    )
    if shown.returncode:
        raise PipelineError(
            f"{arguments[-1]}: not committed ({shown.stderr.strip()}); commit it first"
        )
    return shown.stdout

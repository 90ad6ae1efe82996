"""Compare a finished run with the committed one: every tracked output, by its hash.

Reads dvc.lock and reports/metrics as they are and as they were committed. Data has the same hashes
everywhere, models and what follows from them have on the same kind of machine with the same number
of threads. Elsewhere roundings differ and lead to another model of the same worth: what is made
from it is within tolerance if each score of the run lies in the committed 95 % interval. Nothing is
trained in a demonstration: its numbers are within tolerance up to ROUNDING. Exits with 1 if an
output differs or is missing.
"""

import argparse
import json
import math
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from pipeline.console import exit_on_error
from pipeline.errors import PipelineError
from pipeline.files import read_json
from pipeline.reporting.flatten import leaves

LOCK = Path("dvc.lock")
METRICS = Path("reports/metrics")
ROUNDING = 1e-3  # relative, and absolute for numbers about 0

_MEASURING = ("evaluate@", "demonstrate@")  # stages that write metrics

Stages = dict[str, dict[str, Any]]  # as dvc.lock has them, by name


class State(StrEnum):
    """What became of an output that was committed."""

    SAME = "same"
    WITHIN = "within"  # tolerance
    DIFFERS = "differs"
    MISSING = "missing"


class Output(NamedTuple):
    """An output that a dvc.lock holds."""

    path: str
    digest: str
    stage: str


def main() -> None:
    """Print the state of each output of the committed dvc.lock."""
    committed, here = _stages(_committed(LOCK)), _stages(_lock())
    states = {output.path: _state(output, here, committed) for output in _outputs(committed)}
    for path, state in states.items():
        print(f"{state:8} {path}")
    counts = {each: list(states.values()).count(each) for each in State}
    print(
        f"{counts[State.SAME]} of {len(states)} outputs are the same as the committed ones, "
        f"{counts[State.WITHIN]} within tolerance"
    )
    if counts[State.DIFFERS] or counts[State.MISSING]:
        sys.exit(1)


def _stages(lock: str) -> Stages:
    return YAML(typ="safe", pure=True).load(lock)["stages"]


def _outputs(stages: Stages) -> list[Output]:
    return [
        Output(out["path"], out["md5"], name)
        for name, stage in stages.items()
        for out in stage.get("outs", [])
    ]


def _state(output: Output, here: Stages, committed: Stages) -> State:
    digests = _digests(here)
    if output.path not in digests or not Path(output.path).exists():
        return State.MISSING
    if digests[output.path] == output.digest:
        return State.SAME
    makers = _makers(output, committed)
    is_within = makers and makers <= _measured(here) and all(map(_has_committed_worth, makers))
    return State.WITHIN if is_within else State.DIFFERS


def _digests(stages: Stages) -> dict[str, str]:
    return {output.path: output.digest for output in _outputs(stages)}


def _makers(output: Output, stages: Stages) -> set[str]:
    """The runs whose models `output` is, or was made from, and the demonstrations."""
    stage, _, name = output.stage.partition("@")
    if stage in ("train", "decode", "evaluate", "demonstrate"):
        return {name}
    if stage in ("judge", "report"):
        return {each.partition("@")[2] for each in stages if each.startswith(_MEASURING)}
    return set()


def _measured(stages: Stages) -> set[str]:
    """The runs that were evaluated after they were last trained and decoded; demonstrations."""
    digests = _digests(stages)
    return {
        name.partition("@")[2]
        for name, stage in stages.items()
        if name.startswith(_MEASURING)
        and all(dep["md5"] == digests.get(dep["path"], dep["md5"]) for dep in stage["deps"])
    }


def _has_committed_worth(run: str) -> bool:
    """Whether each score of `run` that was committed with an interval lies in it.

    A demonstration has no interval: whether its numbers are the committed ones but for roundings.
    """
    path = METRICS / f"{run}.json"
    here = dict(leaves(read_json(path)))
    committed = dict(leaves(json.loads(_committed(path))))
    scores = [name for name in committed if f"{name}_low" in committed]
    if not scores:
        return all(
            math.isclose(here.get(name, math.nan), value, rel_tol=ROUNDING, abs_tol=ROUNDING)
            for name, value in committed.items()
        )
    return all(
        committed[f"{name}_low"] <= here.get(name, math.nan) <= committed[f"{name}_high"]
        for name in scores
    )


def _lock() -> str:
    try:
        return LOCK.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PipelineError(f"{LOCK}: no such file; run dvc repro first") from None


def _committed(path: Path) -> str:
    shown = subprocess.run(  # noqa: S603 (git, with a list of arguments and no shell)
        ["git", "show", f"HEAD:./{path.as_posix()}"],  # noqa: S607 (of the PATH, as for everybody)
        capture_output=True,
        text=True,
        check=False,
    )
    if shown.returncode:
        raise PipelineError(f"{path}: not committed here ({shown.stderr.strip()}); commit it first")
    return shown.stdout


def command() -> None:
    """Run it from the command line."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    exit_on_error(main)

"""Compare a finished run with the committed one: every tracked output, by its hash.

Reads dvc.lock and reports/metrics as they are and as they were committed. Data has the same hashes
everywhere, models and what follows from them have on the same kind of machine with the same number
of threads. Elsewhere roundings differ and lead to another model of the same worth: what is made
from it is within tolerance if each score of the run lies in the committed 95 % interval. Exits with
1 if an output differs or is missing.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from pipeline.console import exit_on_error
from pipeline.errors import PipelineError
from pipeline.files import read_json

LOCK = Path("dvc.lock")
METRICS = Path("reports/metrics")


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
    committed, here = _outputs(_committed(LOCK)), _outputs(_lock())
    digests = {output.path: output.digest for output in here}
    states = {output.path: _state(output, digests, _runs_of(output, here)) for output in committed}
    for path, state in states.items():
        print(f"{state:8} {path}")
    counts = {each: list(states.values()).count(each) for each in State}
    print(
        f"{counts[State.SAME]} of {len(states)} outputs are the same as the committed ones, "
        f"{counts[State.WITHIN]} within tolerance"
    )
    if counts[State.DIFFERS] or counts[State.MISSING]:
        sys.exit(1)


def _outputs(lock: str) -> list[Output]:
    stages = YAML(typ="safe", pure=True).load(lock)["stages"]
    return [
        Output(out["path"], out["md5"], name)
        for name, stage in stages.items()
        for out in stage.get("outs", [])
    ]


def _runs_of(output: Output, outputs: list[Output]) -> set[str]:
    """The runs whose models `output` was made from."""
    stage, _, name = output.stage.partition("@")
    if stage in ("train", "decode", "evaluate"):
        return {name}
    if stage == "report":
        return {each.stage.partition("@")[2] for each in outputs if each.stage.startswith("train@")}
    return set()


def _state(output: Output, digests: dict[str, str], runs: set[str]) -> State:
    if output.path not in digests or not Path(output.path).exists():
        return State.MISSING
    if digests[output.path] == output.digest:
        return State.SAME
    return State.WITHIN if runs and all(map(_has_committed_worth, runs)) else State.DIFFERS


def _has_committed_worth(run: str) -> bool:
    """Whether each score of `run` that was committed with an interval lies in it."""
    path = METRICS / f"{run}.json"
    here = dict(_leaves(read_json(path)))
    committed = dict(_leaves(json.loads(_committed(path))))
    scores = [name for name in committed if f"{name}_low" in committed]
    return all(
        committed[f"{name}_low"] <= here.get(name, float("nan")) <= committed[f"{name}_high"]
        for name in scores
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted path and the value of all that JSON objects hold."""
    if isinstance(value, dict):
        for key in value:
            yield from _leaves(value[key], f"{path}.{key}")
    else:
        yield path, value


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


if __name__ == "__main__":
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    exit_on_error(main)

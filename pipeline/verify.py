"""Compare a finished run with the committed one: every tracked output, by its hash.

Reads dvc.lock as it is and as it was committed. Exits with 1 if an output differs or is missing.
Data has the same hashes everywhere; models and what follows from them have on the same kind of
machine, with the same number of threads.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.console import exit_on_error
from pipeline.errors import PipelineError

LOCK = Path("dvc.lock")


def main() -> None:
    """Print each output of the committed dvc.lock as same, differs or missing."""
    committed, here = _outputs(_committed_lock()), _outputs(_lock())
    states = {path: _state(path, digest, here) for path, digest in committed.items()}
    for path, state in states.items():
        print(f"{state:8} {path}")
    same = sum(state == "same" for state in states.values())
    print(f"{same} of {len(states)} outputs are the same as the committed ones")
    if same < len(states):
        sys.exit(1)


def _state(path: str, digest: str, here: dict[str, str]) -> str:
    if path not in here or not Path(path).exists():
        return "missing"
    return "same" if here[path] == digest else "differs"


def _outputs(lock: str) -> dict[str, str]:
    """The hash of each output in a dvc.lock."""
    stages = YAML(typ="safe", pure=True).load(lock)["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}


def _lock() -> str:
    try:
        return LOCK.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PipelineError(f"{LOCK}: no such file; run dvc repro first") from None


def _committed_lock() -> str:
    shown = subprocess.run(  # noqa: S603 (git, with a list of arguments and no shell)
        ["git", "show", f"HEAD:./{LOCK}"],  # noqa: S607 (of the PATH, as for everybody)
        capture_output=True,
        text=True,
        check=False,
    )
    if shown.returncode:
        raise PipelineError(f"{LOCK}: not committed here ({shown.stderr.strip()}); commit it first")
    return shown.stdout


if __name__ == "__main__":
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    exit_on_error(main)

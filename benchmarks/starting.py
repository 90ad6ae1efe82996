"""The time in which each stage's command starts, and in which `dvc repro` finds no change."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks import rows

STAGES = ("download", "encode", "train", "decode", "evaluate", "judge", "report")
ROUNDS = 5


def main() -> None:
    """Time the commands in turn; print and record the medians."""
    dvc = str(Path(sys.executable).with_name("dvc"))
    if subprocess.run([dvc, "status", "--quiet"], check=False).returncode:
        sys.exit("error: dvc status: some stages are not up to date; run make repro first")
    commands = {f"python -m pipeline {name} --help": _help_of(name) for name in STAGES}
    commands["dvc repro, nothing changed"] = [dvc, "repro", "--quiet"]
    seconds: dict[str, list[float]] = {what: [] for what in commands}
    for _ in range(ROUNDS):
        for what, command in commands.items():
            seconds[what].append(_seconds(command))
    for what, measured in seconds.items():
        print(f"{what}: {median(measured):.2f} s, {min(measured):.2f} .. {max(measured):.2f}")
    rows.record([_row(what, median(measured)) for what, measured in seconds.items()])


def _help_of(stage: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", stage, "--help"]


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _row(what: str, seconds: float) -> dict[str, str | float | None]:
    return {
        "what": f"starting, {what}",
        "ours": round(seconds, 2),
        "peer": None,
        "ratio": None,
        "unit": "seconds",
        "machine": rows.machine(),
        "command": "python -m benchmarks.starting",
    }


if __name__ == "__main__":
    main()

"""The time in which each stage's command explains itself, and the console commands give a first
result; and in which `dvc repro` finds no change."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks import rows

STAGES = ("download", "encode", "train", "decode", "evaluate", "judge", "report")
FIRST = {  # the task and the options of a console command, by its first result
    "first translation": ("translation", "--run translation_sinusoid"),
    "first four images": ("image", "--run image_local_2d --class 7 --count 4 -o {folder}/out.png"),
    "first bar of music": ("music", "--run music_relative --seconds 2 -o {folder}/out.mid"),
}
LINE = b"Turn on the light.\n"  # to translate
ROUNDS = 5


def main() -> None:
    """Time the commands in turn; print and record the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition(";")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    dvc = str(Path(sys.executable).with_name("dvc"))
    if subprocess.run([dvc, "status", "--quiet"], check=False).returncode:
        sys.exit("error: dvc status: some stages are not up to date; run make repro first")
    commands = {f"python -m pipeline {name} --help": _help_of(name) for name in STAGES}
    commands["dvc repro, nothing changed"] = [dvc, "repro", "--quiet"]
    with tempfile.TemporaryDirectory() as folder:
        for what, (task, options) in FIRST.items():
            commands[what] = _console_command(task, options.format(folder=folder))
        seconds: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(rounds):
            for what, command in commands.items():
                seconds[what].append(_seconds(command))
    for what, measured in seconds.items():
        print(f"{what}: {median(measured):.2f} s, {min(measured):.2f} .. {max(measured):.2f}")
    rows.record([_row(what, median(measured)) for what, measured in seconds.items()])


def _help_of(stage: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", stage, "--help"]


def _console_command(task: str, options: str) -> list[str]:
    return [sys.executable, "-m", f"pipeline.tasks.{task}.command", *options.split()]


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, input=LINE, capture_output=True)
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

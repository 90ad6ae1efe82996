"""The number of updates of other runs that take as long as the training of one.

    python -m benchmarks.same_time lecture translation_sinusoid translation_lstm

Measures the updates per second of runs of a scale side by side.
"""

import argparse
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import rows
from benchmarks.comparison import Command, System, alternate
from models.settings import Numerics
from pipeline import config

SECONDS, ROUNDS = 5.0, 8


def main(scale: Path, first: str, others: list[str]) -> None:
    """Print and record the ratio of the speed of `first` to that of each of the others."""
    params = config.load(scale / config.PARAMS)
    trainings = {name: config.run_of(params, name).training for name in [first, *others]}
    commands = {
        name: updates_of(scale, name, training.numerics, SECONDS)
        for name, training in trainings.items()
    }
    systems = alternate(commands, ROUNDS)
    steps = trainings[first].steps
    found = [_row(scale, first, systems[first], name, systems[name]) for name in others]
    for name, row in zip(others, found, strict=True):
        updates = round(steps / row["ratio"])
        print(f"{name}: {updates:,} updates take as long as the {steps:,} of {first}")
    rows.record(found)


def updates_of(scale: Path, name: str, numerics: Numerics, seconds: float) -> Command:
    """The command that updates the weights of the run `name` in rounds of `seconds`."""
    return Command("benchmarks.updates", [str(scale), name, numerics, str(seconds)], numerics)


def _row(scale: Path, first: str, ours: System, name: str, theirs: System) -> dict[str, Any]:
    return {
        "what": f"updating, {first} (peer: {name})",
        "ours": round(median(ours.rates), 2),
        "peer": round(median(theirs.rates), 2),
        "ratio": round(median(map(truediv, ours.rates, theirs.rates)), 3),
        "unit": "updates per second",
        "machine": rows.machine(),
        "command": f"python -m benchmarks.same_time {scale} {first} {name}",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scale", type=Path, help="the folder of its params.yaml")
    parser.add_argument("first", help="the run whose training time the others get")
    parser.add_argument("others", nargs="+", help="the runs to compare")
    arguments = parser.parse_args()
    main(arguments.scale, arguments.first, arguments.others)

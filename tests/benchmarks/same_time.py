"""How many updates of other runs take as long as those of one.

Measures the updates per second of the runs named, of the scale in the current folder, side by side.
"""

import argparse
from operator import truediv
from statistics import median
from typing import Any

from pipeline import config
from tests.benchmarks import rows
from tests.benchmarks.comparison import System, alternate

SECONDS, ROUNDS = 5.0, 8


def main(first: str, others: list[str]) -> None:
    """Print and record how much faster `first` is than each of the others."""
    commands = {
        name: ("tests.benchmarks.updates", [name, str(SECONDS)]) for name in [first, *others]
    }
    systems = alternate(commands, ROUNDS)
    steps = config.run_of(config.load(), first).training.steps
    found = [_row(first, systems[first], name, systems[name]) for name in others]
    for name, row in zip(others, found, strict=True):
        updates = round(steps / row["ratio"])
        print(f"{name}: {updates:,} updates take as long as the {steps:,} of {first}")
    rows.record(found)


def _row(first: str, ours: System, name: str, theirs: System) -> dict[str, Any]:
    return {
        "what": f"updating, {first} (peer: {name})",
        "ours": round(median(ours.rates), 2),
        "peer": round(median(theirs.rates), 2),
        "ratio": round(median(map(truediv, ours.rates, theirs.rates)), 3),
        "unit": "updates per second",
        "machine": rows.machine(),
        "command": f"python -m tests.benchmarks.same_time {first} {name}",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", help="the run whose time the others get")
    parser.add_argument("others", nargs="+", help="the runs to compare")
    arguments = parser.parse_args()
    main(arguments.first, arguments.others)

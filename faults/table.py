"""reports/faults.json as a Markdown table: python -m faults.table."""

import json
from collections import Counter
from typing import Any

from faults.rows import FILE


def lines(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The lines (what was done, what came of it) of all rows of the file."""
    of = {row["what"]: row["numbers"] for row in rows}
    return [line for what, lines_of in _LINES.items() if what in of for line in lines_of(of[what])]


def _crashes(numbers: dict[str, Any]) -> list[list[str]]:
    done = f"{numbers['total']} kills (SIGKILL of a stage, of dvc, of both) at random moments"
    left = numbers["orphans"] + numbers["stale locks and processes"]
    same = numbers["the same files afterwards"]
    return [[done, f"{same} times the same files afterwards; {left} orphans and stale locks"]]


def _disk(numbers: dict[str, Any]) -> list[list[str]]:
    tried = numbers["tried"]
    full = tried["full"] + tried["full, under dvc"]
    done = f"{full} full disks and {tried['read-only']} that cannot be written"
    right = sum(tried.values()) - numbers["wrong"]
    return [[done, f"{right} told of, and finished with the same bytes once there is room"]]


def _parameters(numbers: dict[str, Any]) -> list[list[str]]:
    done = f"{sum(numbers['tried'].values()):,} wrong parameters"
    refused = sum(numbers["refused with the path"].values())
    return [[done, f"{refused:,} refused in one line with the dotted path"]]


def _inputs(numbers: dict[str, Any]) -> list[list[str]]:
    table = []
    for kind, taken in numbers["taken"].items():
        how = ", ".join(f"{count} {name}" for name, count in sorted(taken.items()) if count)
        table.append([f"{sum(taken.values())} broken: {kind}", how])
    return table


def _hostile(numbers: dict[str, Any]) -> list[list[str]]:
    largest = max(found.get("MiB", 0) for found in numbers.values())
    how = Counter(found["taken"] for found in numbers.values())
    reactions = ", ".join(f"{count} {name}" for name, count in sorted(how.items()))
    done = f"{len(numbers)} hostile files: bombs, links, climbing names, odd characters"
    return [[done, f"{reactions}; {largest:,} MiB at most"]]


def _memory(numbers: dict[str, Any]) -> list[list[str]]:
    training = numbers["training"]
    done = f"{training['steps']:,} training steps"
    table = [[done, f"{training['growth after a fifth']:+.1%} memory"]]
    for kind, peaks in numbers["encoding"].items():
        few, many = sorted(peaks, key=int)
        done = f"{int(many):,} {kind} encoded instead of {int(few):,}"
        table.append([done, f"{peaks[many]:.0f} MiB instead of {peaks[few]:.0f}"])
    return table


def _machines(numbers: dict[str, Any]) -> list[list[str]]:
    return [
        [
            f"machine: {machine}",
            f"data {_same(found['data'])}, models {_same(found['models'])}"
            + ("" if found["models"] else f", weights within {found['largest difference']:.1g}"),
        ]
        for machine, found in numbers["compared with the machine as it is"].items()
        if machine != "as it is"
    ]


def _same(same: bool) -> str:
    return "the same" if same else "differ"


_LINES = {
    "crashes": _crashes,
    "disk": _disk,
    "parameters": _parameters,
    "inputs": _inputs,
    "hostile files": _hostile,
    "memory": _memory,
    "machines": _machines,
}


if __name__ == "__main__":
    head = [["what was done", "what came of it"], ["---", "---"]]
    for line in head + lines(json.loads(FILE.read_text())):
        print(f"| {' | '.join(line)} |")

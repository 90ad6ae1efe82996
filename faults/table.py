"""reports/faults.json as a Markdown table: python -m faults.table, or of some of its rows alone.

python -m faults.table cluster links
"""

import json
import sys
from collections import Counter
from typing import Any

from faults.rows import FILE


def lines(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The lines (fault, result) of all rows of the file."""
    of = {row["what"]: row["numbers"] for row in rows}
    return [line for what, lines_of in _LINES.items() if what in of for line in lines_of(of[what])]


def _crashes(numbers: dict[str, Any]) -> list[list[str]]:
    fault = f"{numbers['total']} kills (SIGKILL of a stage, of dvc, of both) at random moments"
    left = numbers["orphans"] + numbers["stale locks and processes"]
    same = numbers["the same files afterwards"]
    return [[fault, f"{same} times the same files afterwards; {left} orphans and stale locks"]]


def _disk(numbers: dict[str, Any]) -> list[list[str]]:
    tried = numbers["tried"]
    full = tried["full"] + tried["full, under dvc"]
    fault = f"{full} full disks and {tried['read-only']} read-only ones"
    right = sum(tried.values()) - numbers["wrong"]
    return [[fault, f"{right} reported in one line; the same bytes once there is space"]]


def _parameters(numbers: dict[str, Any]) -> list[list[str]]:
    fault = f"{sum(numbers['tried'].values()):,} wrong parameters"
    refused = sum(numbers["refused with the path"].values())
    return [[fault, f"{refused:,} refused in one line with the dotted path"]]


def _inputs(numbers: dict[str, Any]) -> list[list[str]]:
    table = []
    for kind, counts in numbers["taken"].items():
        reactions = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if count)
        table.append([f"{sum(counts.values())} broken: {kind}", reactions])
    return table


def _hostile(numbers: dict[str, Any]) -> list[list[str]]:
    largest = max(found.get("MiB", 0) for found in numbers.values())
    counts = Counter(found["taken"] for found in numbers.values())
    reactions = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    fault = f"{len(numbers)} malicious files: bombs, links, names that lead out of the folder"
    return [[fault, f"{reactions}; {largest:,} MiB at most"]]


def _midi(numbers: dict[str, Any]) -> list[list[str]]:
    return [
        [f"{sum(outcomes.values())} MIDI files, {kind}", f"{count} times {outcome}"]
        for kind, outcomes in numbers.items()
        for outcome, count in outcomes.items()
    ]


def _memory(numbers: dict[str, Any]) -> list[list[str]]:
    training = numbers["training"]
    fault = f"{training['steps']:,} training steps"
    table = [[fault, f"{training['growth after a fifth']:+.1%} memory"]]
    for kind, peaks in numbers["encoding"].items():
        few, many = sorted(peaks, key=int)
        fault = f"{int(many):,} {kind} encoded instead of {int(few):,}"
        table.append([fault, f"{peaks[many]:.0f} MiB instead of {peaks[few]:.0f}"])
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


def _processors(numbers: dict[str, Any]) -> list[list[str]]:
    return [
        [
            f"processor: {found['vendor']}, {cpu} (emulated), {found['runs']} runs",
            f"{found['files'] - found['differ']} of {found['files']} files the same",
        ]
        for cpu, found in numbers.items()
    ]


def _cluster(numbers: dict[str, Any]) -> list[list[str]]:
    kinds = ", ".join(f"{count} of {kind}" for kind, count in numbers["kills"].items())
    fault = f"SLURM on two hosts, {numbers['total']} kills ({kinds})"
    same = numbers["files and records"] - numbers["different"]
    return [
        [
            fault,
            f"{same} of {numbers['files and records']} files and records of stages the same; "
            f"submitted again {numbers['submitted again']} times",
        ]
    ]


def _links(numbers: dict[str, Any]) -> list[list[str]]:
    return [
        [
            f"torchrun on two hosts, {found['updates']} updates, {disturbance}",
            f"model {_same(found['the same bytes'])}; resumed {found['resumptions']} times",
        ]
        for disturbance, found in numbers.items()
    ]


def _limits(numbers: dict[str, Any]) -> list[list[str]]:
    sweep, limit = numbers["sweep"], numbers["time limit"]
    return [
        [
            f"sweep on SLURM, experiments: {sweep['experiments']}",
            f"with the results of plain stages: {sweep['the same']}",
        ],
        [
            f"time limit of a minute, {limit['updates']:,} updates",
            f"model {_same(limit['the same bytes'])}; out of time {limit['out of time']} times",
        ],
    ]


def _queueing(numbers: dict[str, Any]) -> list[list[str]]:
    slurm = numbers["SLURM"]
    table = [
        [
            f"dvc, {runs} runs",
            f"commit {of['commit']} s of a core, status and dag {of['status'] + of['dag']:.1f} s",
        ]
        for runs, of in numbers["dvc, seconds of a core by runs"].items()
    ]
    return [
        [
            f"{slurm['jobs']:,} jobs in the queue",
            f"sbatch {slurm['sbatch, milliseconds a job']} ms a job, "
            f"squeue {slurm['squeue of them, milliseconds']} ms",
        ],
        *table,
    ]


def _same(same: bool) -> str:
    return "the same" if same else "differ"


_LINES = {
    "crashes": _crashes,
    "disk": _disk,
    "parameters": _parameters,
    "inputs": _inputs,
    "hostile files": _hostile,
    "MIDI readers": _midi,
    "memory": _memory,
    "machines": _machines,
    "processors": _processors,
    "cluster": _cluster,
    "links": _links,
    "limits": _limits,
    "queueing": _queueing,
}


if __name__ == "__main__":
    head = [["fault", "result"], ["---", "---"]]
    rows = json.loads(FILE.read_text())
    chosen = [row for row in rows if row["what"] in (sys.argv[1:] or _LINES)]
    for line in head + lines(chosen):
        print(f"| {' | '.join(line)} |")

"""The rows of reports/benchmarks.json: what was measured here, beside a peer where there is one."""

import json
import os
import platform
import re
from pathlib import Path

import torch

from pipeline.files import write_json

FILE = Path(__file__).parents[1] / "reports" / "benchmarks.json"
KEYS = {"what", "ours", "peer", "ratio", "unit", "machine", "command"}


def record(rows: list[dict]) -> None:
    """Merge `rows` into the file: sorted by `what`, a new row in the place of the old one.

    A row has all of KEYS; `ratio` says how many times better ours is, `peer` and `ratio` are null
    where there is no peer. What was not run has `ours` null and says why in a further key,
    `not_run`; what has a place in a chart or a table of its own says in `point` where. Raises
    ValueError for any other row.
    """
    for row in rows:
        if row.keys() - {"not_run", "point"} != KEYS or (row["ours"] is None) != ("not_run" in row):
            raise ValueError(f"{row}: not a row of {sorted(KEYS)}, with not_run if ours is null")
    old = json.loads(FILE.read_text()) if FILE.exists() else []
    merged = {row["what"]: row for row in [*old, *rows]}
    write_json(FILE, [merged[what] for what in sorted(merged)])


def memory_alone(rows: list[dict]) -> list[dict]:
    """The points of peak memory, which is the same however busy the machine is."""
    return [row for row in rows if row["point"]["measure"] == "peak memory"]


def machine() -> str:
    """The processor, its number of cores, and the version of torch."""
    return f"{_processor()}, {os.cpu_count()} cores, torch {torch.__version__}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    names = information.exists() and re.findall(r"model name\s*: (.+)", information.read_text())
    return names[0] if names else platform.processor() or platform.machine()

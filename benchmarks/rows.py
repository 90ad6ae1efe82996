"""The rows of reports/benchmarks.json: what was measured here, beside a peer where there is one."""

import json
import os
from pathlib import Path

import torch

from pipeline import processor
from pipeline.files import write_json

REPORTED = Path(__file__).parents[1] / "reports" / "benchmarks.json"
# The quick form of the benchmarks writes into another file: its rows are less certain.
FILE = Path(os.environ.get("BENCHMARKS_FILE", REPORTED))
KEYS = {"what", "ours", "peer", "ratio", "unit", "machine", "command"}


def record(rows: list[dict]) -> None:
    """Merge `rows` into the file, sorted by `what`; a new row replaces the old one of its name.

    A row has all of KEYS. `ratio` is above 1 where ours is better than its peer; `peer` and `ratio`
    are null where there is no peer. What was not run has `ours` null and the reason in a further
    key, `not_run`. `point` gives the coordinates of a row that belongs to a chart or to a table of
    its own. Raises ValueError for any other row.
    """
    for row in rows:
        if row.keys() - {"not_run", "point"} != KEYS or (row["ours"] is None) != ("not_run" in row):
            raise ValueError(f"{row}: not a row of {sorted(KEYS)}, with not_run if ours is null")
    old = json.loads(FILE.read_text()) if FILE.exists() else []
    merged = {row["what"]: row for row in [*old, *rows]}
    write_json(FILE, [merged[what] for what in sorted(merged)])


def only_memory(rows: list[dict]) -> list[dict]:
    """The points of peak memory, which does not depend on how busy the machine is."""
    return [row for row in rows if row["point"]["measure"] == "peak memory"]


def machine() -> str:
    """The processor, its number of cores, and the version of torch."""
    return f"{processor.model()}, {os.cpu_count()} cores, torch {torch.__version__}"

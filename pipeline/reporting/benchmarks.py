"""Benchmarks of `make bench`: comparisons with peers, and attention by length."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import read_json
from pipeline.reporting.figures import Chart, log_chart

# One file for all scales: speed depends on the code and the machine, not on the data.
FILE = Path(__file__).parents[2] / "reports" / "benchmarks.json"
ATTENTION = "python -m benchmarks.attention"


@dataclass(frozen=True)
class Benchmarks:
    """Rows of comparisons, and points of the attention benchmark with their charts."""

    machines: list[str]
    rows: list[dict[str, Any]]
    points: list[dict[str, Any]]
    seconds: Chart | None  # None without points
    memory: Chart | None


def read_benchmarks(path: Path = FILE) -> Benchmarks:
    """Read the rows of `path`, which benchmarks/rows.py writes."""
    found = read_json(path)
    rows = [row for row in found if "point" not in row]
    points = points_of(ATTENTION, found)
    return Benchmarks(
        machines=list(dict.fromkeys(row["machine"] for row in [*points, *rows])),
        rows=rows,
        points=sorted(points, key=_sort_key),
        seconds=_chart(points, ("forward", "backward"), "seconds"),
        memory=_chart(points, ("peak memory",), "MiB"),
    )


def points_of(command: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Select the rows of `command` that are points of a chart or a table."""
    return [row for row in rows if "point" in row and row["command"] == command]


def _sort_key(row: dict[str, Any]) -> tuple[int, str, str]:
    point = row["point"]
    return point["positions"], point["form"], point["measure"]


def _chart(points: list[dict[str, Any]], measures: tuple[str, ...], unit: str) -> Chart | None:
    """Draw a line per form: the sum of `measures` by length."""
    sums: dict[str, dict[int, float]] = {}
    for row in points:
        positions, form, measure = _sort_key(row)
        if measure in measures and row["ours"] is not None:
            by_length = sums.setdefault(form, {})
            by_length[positions] = by_length.get(positions, 0.0) + row["ours"]
    lines = [(form, sorted(by_length.items())) for form, by_length in sorted(sums.items())]
    return log_chart(lines, "positions", unit) if lines else None

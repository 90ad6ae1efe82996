"""What `make bench` measured, as the page shows it: beside peers, and attention over lengths."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import read_json
from pipeline.reporting.figures import Chart, log_chart

# Of the root, for every scale: speed belongs to the code and the machine, not to the data.
FILE = Path(__file__).parents[2] / "reports" / "benchmarks.json"
ATTENTION = "python -m benchmarks.attention"


@dataclass(frozen=True)
class Benchmarks:
    """Rows of the file; those of attention, which make curves, are drawn and apart.

    Points of other commands belong to others.
    """

    machines: list[str]
    rows: list[dict[str, Any]]
    points: list[dict[str, Any]]
    seconds: Chart | None  # none where no attention was measured
    memory: Chart | None


def read_benchmarks(path: Path = FILE) -> Benchmarks:
    """Read the rows of `path`, which benchmarks/rows.py writes."""
    found = read_json(path)
    rows = [row for row in found if "point" not in row]
    points = points_of(ATTENTION, found)
    return Benchmarks(
        machines=list(dict.fromkeys(row["machine"] for row in [*points, *rows])),
        rows=rows,
        points=sorted(points, key=_place),
        seconds=_chart(points, ("forward", "backward"), "seconds"),
        memory=_chart(points, ("peak memory",), "MiB"),
    )


def points_of(command: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of `rows` that `command` measured and that have a place in a chart or a table."""
    return [row for row in rows if "point" in row and row["command"] == command]


def _place(row: dict[str, Any]) -> tuple[int, str, str]:
    point = row["point"]
    return point["positions"], point["form"], point["measure"]


def _chart(points: list[dict[str, Any]], measures: tuple[str, ...], unit: str) -> Chart | None:
    """A line per form: the sum of `measures` at each length that was measured."""
    sums: dict[str, dict[int, float]] = {}
    for row in points:
        positions, form, measure = _place(row)
        if measure in measures and row["ours"] is not None:
            of_form = sums.setdefault(form, {})
            of_form[positions] = of_form.get(positions, 0.0) + row["ours"]
    lines = [(form, sorted(of_form.items())) for form, of_form in sorted(sums.items())]
    return log_chart(lines, "positions", unit) if lines else None

"""reports/benchmarks.json as a Markdown table: python -m benchmarks.table.

Leaves out the points of charts, which the report draws.
"""

import json
from typing import Any

from benchmarks import rows

HEAD = ("what", "ours", "peer", "ratio", "unit")


def table(found: list[dict[str, Any]]) -> str:
    """A table for each machine with a line for each row; a dash where nothing was measured."""
    machines = dict.fromkeys(row["machine"] for row in found)
    return "\n\n".join(
        _lines(machine, [row for row in found if row["machine"] == machine]) for machine in machines
    )


def _lines(machine: str, found: list[dict[str, Any]]) -> str:
    cells = [[_text(row[name]) for name in HEAD] for row in found]
    rule = ["---", "---:", "---:", "---:", "---"]
    return "\n".join(
        [f"{machine}:", "", *(f"| {' | '.join(line)} |" for line in [HEAD, rule, *cells])]
    )


def _text(value: str | float | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


if __name__ == "__main__":
    print(table([row for row in json.loads(rows.FILE.read_text()) if "point" not in row]))

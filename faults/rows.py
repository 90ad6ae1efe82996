"""The rows of reports/faults.json: a kind of fault, and the numbers that were measured."""

import json
from pathlib import Path
from typing import Any

from benchmarks.rows import machine
from pipeline.files import write_json

FILE = Path(__file__).parents[1] / "reports" / "faults.json"


def record(what: str, command: str, numbers: dict[str, Any]) -> None:
    """Write a row {what, command, numbers, machine}; it replaces the old one of that name."""
    rows = json.loads(FILE.read_text()) if FILE.exists() else []
    row = {"what": what, "command": command, "numbers": numbers, "machine": machine()}
    merged = {entry["what"]: entry for entry in [*rows, row]}
    write_json(FILE, [merged[name] for name in sorted(merged)])

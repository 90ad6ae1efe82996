"""The rows of reports/faults.json: what was done to the pipeline, and the numbers that it left."""

import json
from pathlib import Path
from typing import Any

from benchmarks.rows import machine
from pipeline.files import write_json

FILE = Path(__file__).parents[1] / "reports" / "faults.json"


def record(what: str, command: str, numbers: dict[str, Any]) -> None:
    """Write a row {what, command, numbers, machine} in the place of the old one of that name."""
    rows = json.loads(FILE.read_text()) if FILE.exists() else []
    row = {"what": what, "command": command, "numbers": numbers, "machine": machine()}
    merged = {each["what"]: each for each in [*rows, row]}
    write_json(FILE, [merged[name] for name in sorted(merged)])

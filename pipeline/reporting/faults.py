"""What was done to the pipeline, and what it did then, as faults/ recorded it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.figures import Chart, linear_chart

# Of the root, for every scale, as the benchmarks are: it belongs to the code, not to the data.
FILE = Path(__file__).parents[2] / "reports" / "faults.json"


@dataclass(frozen=True)
class Fault:
    """A kind of fault, the command that tries it, and the numbers that it left."""

    what: str
    command: str
    numbers: dict[str, Any]
    machine: str

    @property
    def table(self) -> dict[str, Any]:
        """Its numbers without the curve, which is drawn."""
        return {
            key: {name: number for name, number in value.items() if name != "curve"}
            if isinstance(value, dict)
            else value
            for key, value in self.numbers.items()
        }

    @property
    def chart(self) -> Chart | None:
        """The memory of a long training over its time, where this is what was measured."""
        curve = self.numbers.get("training", {}).get("curve")
        return linear_chart([(self.what, curve)], "share of its time", "MiB") if curve else None


def read_faults(path: Path = FILE) -> list[Fault]:
    """Read the rows of `path`; DataError if they are missing or damaged."""
    try:
        return [Fault(**row) for row in read_json(path)]
    except TypeError as error:
        raise DataError(f"{path}: {error}; run the commands of faults/ again") from None

"""Results of fault injection, recorded by faults/."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.figures import Chart, linear_chart

# One file for all scales, like the benchmarks: it depends on the code, not on the data.
FILE = Path(__file__).parents[2] / "reports" / "faults.json"


@dataclass(frozen=True)
class Fault:
    """A kind of fault, the command that injects it, and the recorded numbers."""

    what: str
    command: str
    numbers: dict[str, Any]
    machine: str

    @property
    def table(self) -> dict[str, Any]:
        """Numbers without the curve, which is a chart."""
        return {
            key: {name: number for name, number in value.items() if name != "curve"}
            if isinstance(value, dict)
            else value
            for key, value in self.numbers.items()
        }

    @property
    def chart(self) -> Chart | None:
        """Memory over the time of a long training, if measured."""
        curve = self.numbers.get("training", {}).get("curve")
        return linear_chart([(self.what, curve)], "share of its time", "MiB") if curve else None


def read_faults(path: Path = FILE) -> list[Fault]:
    """Read the rows of `path`; DataError if they are missing or damaged."""
    try:
        return [Fault(**row) for row in read_json(path)]
    except TypeError as error:
        raise DataError(f"{path}: {error}; run the commands of faults/ again") from None

"""What a scale has measured: the metrics and the records of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import read_json
from pipeline.records import RunRecords, read_records, records_path

METRICS = Path("reports/metrics")
BENCHMARKS = Path(__file__).parents[2] / "reports" / "benchmarks.json"  # one for all scales


@dataclass(frozen=True)
class Measured:
    """The measurements by the name of the run or the demonstration, or what was benchmarked."""

    metrics: Mapping[str, dict[str, Any]]
    records: Mapping[str, RunRecords]  # of those runs that have them
    benchmarks: Mapping[str, dict[str, Any]]

    def __contains__(self, name: str) -> bool:
        return name in self.metrics or name in self.benchmarks


def read_measured() -> Measured:
    """Read all of reports/metrics and reports/records; DataError names a file that is damaged."""
    metrics = {path.stem: read_json(path) for path in sorted(METRICS.glob("*.json"))}
    records = {name: read_records(name) for name in metrics if records_path(name).exists()}
    benchmarks = {row["what"]: row for row in read_json(BENCHMARKS)}
    return Measured(metrics, records, benchmarks)


def metrics_path(name: str) -> Path:
    """Where the metrics of a run or a demonstration stand."""
    return METRICS / f"{name}.json"

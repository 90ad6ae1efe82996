"""Measurements of a scale: metrics and records of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.files import read_json
from pipeline.judging.replicates import replicates
from pipeline.records import RunRecords, read_records, records_path

METRICS = Path("reports/metrics")
BENCHMARKS = Path(__file__).parents[2] / "reports" / "benchmarks.json"  # one for all scales


@dataclass(frozen=True)
class Measured:
    """Measurements by name of the run, demonstration or benchmark."""

    metrics: Mapping[str, dict[str, Any]]
    records: Mapping[str, RunRecords]  # of the runs that have them
    benchmarks: Mapping[str, dict[str, Any]]

    @cached_property
    def replicates(self) -> dict[str, list[str]]:
        """The replicates of each run that has records, itself included, ordered by seed."""
        return replicates({name: run.settings for name, run in self.records.items()})

    def __contains__(self, name: str) -> bool:
        return name in self.metrics or name in self.benchmarks


def read_measured() -> Measured:
    """Read reports/metrics and reports/records; DataError names a damaged file."""
    metrics = {path.stem: read_json(path) for path in sorted(METRICS.glob("*.json"))}
    records = {name: read_records(name) for name in metrics if records_path(name).exists()}
    benchmarks = {row["what"]: row for row in read_json(BENCHMARKS)}
    return Measured(metrics, records, benchmarks)


def metrics_path(name: str) -> Path:
    """Return the path of the metrics of a run or a demonstration."""
    return METRICS / f"{name}.json"

"""Measurements of a scale: metrics and records of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.files import read_json
from pipeline.judging.replicates import replicates
from pipeline.records import Records, RunRecords, read_records, records_path

MEASUREMENTS = Path("reports/measurements")
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
    """Read reports/measurements and reports/records; DataError names a damaged file."""
    metrics = {path.stem: read_json(path) for path in sorted(MEASUREMENTS.glob("*.json"))}
    records = {name: read_records(name) for name in metrics if records_path(name).exists()}
    of_crops = {name: _records_of_crops(content) for name, content in metrics.items()}
    records |= {name: found for name, found in of_crops.items() if found is not None}
    benchmarks = {row["what"]: row for row in read_json(BENCHMARKS)}
    return Measured(metrics, records, benchmarks)


def _records_of_crops(content: dict[str, Any]) -> RunRecords | None:
    """Return the records of a demonstration on crops of photographs, if it has any.

    A crop is a cluster of its own, and the demonstration its only seed.
    """
    for task, of_task in content.items():
        crops = of_task.get("crops") if isinstance(of_task, dict) else None
        if crops:
            names = next(iter(crops.values()))
            statistics = {key: np.array([crop[key] for crop in crops.values()]) for key in names}
            settings = {"task": task, "dataset": "crops", "training": {"seed": 0}}
            test = Records("crops", list(range(len(crops))), statistics)
            return RunRecords(settings, {"test": test})
    return None


def metrics_path(name: str) -> Path:
    """Return the path of the metrics of a run or a demonstration."""
    return MEASUREMENTS / f"{name}.json"

"""Result of the evaluation of a run, for all tasks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import Split, read_clusters
from pipeline.errors import DataError
from pipeline.measures import Metric
from pipeline.records import Records, fingerprint

_DIGITS = 6


@dataclass(frozen=True)
class Evaluation:
    """Measurements of a run."""

    metrics: dict[str, Any]  # {"test": ..., "baseline": ..., ...}: reports/metrics/<run>.json
    records: dict[Split, Records]  # reports/records/<run>.parquet
    details: dict[Split, list[dict[str, Any]]]  # of each record: runs/<run>/records/<split>.jsonl
    figures: dict[str, Any]  # for the report: runs/<run>/records/<name>.json


def scores_of(records: Records, metrics: Iterable[Metric]) -> dict[str, float]:
    """Return the scores of the `metrics` whose statistics are recorded, for one test set.

    A metric of recorded statistics therefore needs nothing but its declaration.
    """
    statistics = records.statistics
    scores = {}
    for metric in metrics:
        if metric.split is None and metric.statistics and {*metric.statistics} <= {*statistics}:
            sums = [np.sum(statistics[name], dtype=np.float64) for name in metric.statistics]
            scores[metric.key] = round(float(metric.compute(np.array(sums))), _DIGITS)
    return scores


def records_of(
    encoded: Path, split: Split, contents: Iterable[bytes], statistics: Mapping[str, np.ndarray]
) -> Records:
    """Build the records of a test set; `contents` (record,) identify it by their fingerprint.

    Raises DataError if the number of clusters in `encoded` differs.
    """
    clusters = read_clusters(encoded, split)
    for name, values in statistics.items():
        if len(values) != len(clusters):
            raise DataError(
                f"{encoded}: split {split!r} has {len(clusters)} clusters for {len(values)} "
                f"records ({name}); run the encode stage again"
            )
    return Records(fingerprint(contents), clusters, statistics)

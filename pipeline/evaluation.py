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
from pipeline.settings.evaluation import EvaluationSettings
from pipeline.statistics.bootstrap import interval

_DIGITS = 6


@dataclass(frozen=True)
class Evaluation:
    """Measurements of a run."""

    metrics: dict[str, Any]  # {"test": ..., "baseline": ..., ...}: reports/measurements/<run>.json
    records: dict[Split, Records]  # reports/records/<run>.parquet
    details: dict[Split, list[dict[str, Any]]]  # of each record: runs/<run>/records/<split>.jsonl
    figures: dict[str, Any]  # for the report: runs/<run>/records/<name>.json


def scores_of(
    records: Records, metrics: Iterable[Metric], settings: EvaluationSettings
) -> dict[str, float]:
    """Return the scores of the `metrics` whose statistics are recorded, for one test set.

    A metric of recorded statistics therefore needs nothing but its declaration. Its 95 % interval,
    if it has one, is that over resampled clusters.
    """
    statistics = records.statistics
    scores = {}
    for metric in metrics:
        if metric.split or not metric.statistics or not {*metric.statistics} <= {*statistics}:
            continue
        columns = np.stack([statistics[name] for name in metric.statistics], axis=-1)
        columns = columns.astype(np.float64)
        scores[metric.key] = float(metric.compute(columns.sum(axis=0)))
        if metric.has_interval:
            samples, seed = settings.bootstrap_samples, settings.bootstrap_seed
            ends = interval(columns, records.clusters, metric.compute, samples, seed)
            scores |= zip((f"{metric.key}_low", f"{metric.key}_high"), ends, strict=True)
    return {name: round(score, _DIGITS) for name, score in scores.items()}


def headlines(test: Mapping[str, float], metrics: Iterable[Metric]) -> dict[str, float]:
    """Return the scores of a test set that are metrics of DVC, by their short names.

    They are rounded to one decimal more than the report shows, as DVC's tables are wide.
    """
    return {
        metric.headline: round(test[metric.key], metric.decimals + 1)
        for metric in metrics
        if metric.headline and metric.key in test
    }


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

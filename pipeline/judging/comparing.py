"""Paired bootstrap comparison of runs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipeline.corpus import Split, is_test
from pipeline.errors import ConfigError, DataError
from pipeline.judging.judgements import (
    Arm,
    ComparedTestSet,
    Comparison,
    Comparisons,
    Resampling,
)
from pipeline.measures import Metric
from pipeline.records import Records, RunRecords, records_path
from pipeline.statistics.bootstrap import Resampled, resample
from pipeline.statistics.difference import Alternative, Difference
from pipeline.tasks import part

RESAMPLING = Resampling(resamples=1000, seed=1)
_DIGITS = 6


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a run with its replicates, and the share of their score."""

    run: str
    records: Mapping[str, RunRecords]  # by run
    share: float = 1.0

    @property
    def task(self) -> str:
        """Task of the runs."""
        return self.records[self.run].settings["task"]


def compare(first: Side, second: Side, key: str | None) -> Comparison:
    """Compare two sides by the metric `key`, or by the default metric of their task.

    Raises ConfigError if the task has no such metric, DataError if a run did not record it or the
    sides have different test records.
    """
    sides = [first, second]
    metric = _default_metric(sides, "test") if key is None else _named_metric(first.task, key)
    (comparison,) = _compare_pairs(sides, metric, metric.split or "test")
    return comparison


def compare_all(records: Mapping[str, RunRecords]) -> Comparisons:
    """Compare all pairs of runs on each test set by the default metric; DataError as `compare`."""
    by_test_set = defaultdict(list)
    for name, run in records.items():
        for split in filter(is_test, run.splits):
            key = run.settings["task"], run.settings["dataset"], split
            by_test_set[key].append(Side(name, {name: run}))
    test_sets = [
        ComparedTestSet(
            task=task,
            dataset=dataset,
            split=split,
            pairs=_compare_pairs(sides, _default_metric(sides, split), split),
        )
        for (task, dataset, split), sides in sorted(by_test_set.items())
        if len(sides) > 1
    ]
    return Comparisons(resampling=RESAMPLING, test_sets=test_sets)


def _named_metric(task: str, key: str) -> Metric:
    metrics = {metric.key: metric for metric in part(task, "measures").MEASURES.comparable}
    if key not in metrics:
        raise ConfigError(f"metric = {key} is not a metric of {task}; use {', '.join(metrics)}")
    return metrics[key]


def _default_metric(sides: Sequence[Side], split: Split) -> Metric:
    """Return the first metric of the task that all runs recorded, else the first."""
    runs = [run for side in sides for run in side.records.values()]
    metrics = part(sides[0].task, "measures").MEASURES.comparable
    recorded = (
        metric
        for metric in metrics
        if all(split in run.splits and _has(run.splits[split], metric) for run in runs)
    )
    return next(recorded, metrics[0])


def _has(records: Records, metric: Metric) -> bool:
    return records.statistics.keys() >= set(metric.statistics)


def _compare_pairs(sides: Sequence[Side], metric: Metric, split: Split) -> list[Comparison]:
    """Compare all pairs of `sides` on the same resamples."""
    statistics = [_statistics(side, metric, split) for side in sides]
    clusters = _clusters(sides, split)
    resamples, seed = RESAMPLING.resamples, RESAMPLING.seed
    resampled = resample(statistics, clusters, metric.compute, resamples, seed)
    scored = [arm.scaled(side.share) for side, arm in zip(sides, resampled, strict=True)]
    return [
        _comparison(metric, clusters, *pair)
        for pair in combinations(zip(sides, scored, strict=True), 2)
    ]


def _statistics(side: Side, metric: Metric, split: Split) -> np.ndarray:
    """Return the statistics (run, record, statistic) of a metric."""
    for name, run in side.records.items():
        if split not in run.splits or not _has(run.splits[split], metric):
            raise DataError(f"{records_path(name)}: {metric.key} was not recorded on {split}")
    return np.stack(
        [
            np.stack([run.splits[split].statistics[name] for name in metric.statistics], axis=-1)
            for run in side.records.values()
        ]
    ).astype(np.float64)


def _clusters(sides: Sequence[Side], split: Split) -> list[int]:
    """Return the clusters of the test records; DataError if runs have different records."""
    runs = {name: run.splits[split] for side in sides for name, run in side.records.items()}
    (first, records), *others = runs.items()
    clusters = list(records.clusters)
    for name, other in others:
        if (other.test_set, list(other.clusters)) != (records.test_set, clusters):
            raise DataError(
                f"{records_path(name)}: other records of {split} than in {records_path(first)}; "
                f"run `dvc repro evaluate@{name}`"
            )
    return clusters


def _comparison(
    metric: Metric,
    clusters: Sequence[int],
    first: tuple[Side, Resampled],
    second: tuple[Side, Resampled],
) -> Comparison:
    difference = Difference.between(first[1], second[1], metric.higher_is_better)
    low, high = difference.interval()
    return Comparison(
        metric=metric.key,
        records=len(clusters),
        clusters=len(set(clusters)),
        first=_arm(*first),
        second=_arm(*second),
        difference=_rounded(difference.value),
        low=_rounded(low),
        high=_rounded(high),
        p_value=_rounded(difference.p_value(Alternative.TWO_SIDED)),
    )


def _arm(side: Side, resampled: Resampled) -> Arm:
    return Arm(
        run=side.run,
        runs=list(side.records),
        seeds=[run.settings["training"]["seed"] for run in side.records.values()],
        share=side.share,
        score=_rounded(resampled.score),
    )


def _rounded(value: float) -> float:
    return round(value, _DIGITS) + 0.0  # no -0.0

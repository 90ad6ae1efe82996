"""Paired comparison of runs and of their variants."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipeline.corpus import Split, is_test, split_of_variant
from pipeline.errors import ConfigError, DataError
from pipeline.judging.judgements import (
    Arm,
    ComparedTestSet,
    Comparison,
    Comparisons,
    Resampling,
)
from pipeline.judging.replicates import replicates
from pipeline.measures import Metric
from pipeline.records import Records, RunRecords, records_path
from pipeline.statistics.bootstrap import Scores, resample
from pipeline.statistics.difference import Difference
from pipeline.tasks import part

RESAMPLING = Resampling(resamples=1000, seed=1)
_DIGITS = 6


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a run or a variant of it, its replicates, and what is compared."""

    run: str  # <run>, or <run>@<variant>
    records: Mapping[str, RunRecords]  # by run, without the variant
    metric: Metric

    @property
    def task(self) -> str:
        """Task of the runs."""
        return task_of(self.records)

    @property
    def kept_steps(self) -> set[int]:
        """The updates after which all runs keep the weights that they are measured with too."""
        variants = (
            {split.partition("@")[2] for split in run.splits if split.startswith("test@")}
            for run in self.records.values()
        )
        return {int(name) for name in set.intersection(*variants) if name.isdecimal()}

    def split(self, of: Split) -> Split:
        """Return the split of the variant, if it is one, that belongs to a split of the run."""
        return split_of_variant(of, self.run.partition("@")[2])


def compare(first: Side, second: Side) -> tuple[Comparison, Difference]:
    """Compare two sides by their metrics.

    Raises DataError if a run did not record its metric, if the sides have different test records,
    or if these form one cluster.
    """
    ((comparison, difference),) = _compare_pairs([first, second], first.metric.split or "test")
    return comparison, difference


def compare_all(records: Mapping[str, RunRecords]) -> Comparisons:
    """Compare all pairs of runs on each test set by the default metric; DataError as `compare`.

    Replicates are one side. A test set of a single cluster has no comparisons, nor have runs that
    recorded no metric in common, as one that classifies and one that was pre-trained.
    """
    groups = replicates({name: run.settings for name, run in records.items()}).values()
    by_test_set = defaultdict(list)
    for group in dict.fromkeys(map(tuple, groups)):
        members = {name: records[name] for name in group}
        for split in filter(is_test, members[group[0]].splits):
            settings = members[group[0]].settings
            by_test_set[settings["task"], settings["dataset"], split].append(members)
    test_sets = []
    for (task, dataset, split), members in sorted(by_test_set.items()):
        if len(members) > 1 and _has_clusters(members[0], split):
            groups = [each for each in _alike(members, split) if len(each) > 1]
            pairs = [pair for group in groups for pair in _all_pairs(group, split)]
            test_sets.append(ComparedTestSet(task=task, dataset=dataset, split=split, pairs=pairs))
    return Comparisons(resampling=RESAMPLING, test_sets=test_sets)


def _alike(
    members: Sequence[Mapping[str, RunRecords]], split: Split
) -> list[list[Mapping[str, RunRecords]]]:
    """Group members so that each metric of a group's comparisons was recorded by all in it."""
    groups: list[list[Mapping[str, RunRecords]]] = []
    for member in members:
        for group in groups:
            runs = [run for each in (*group, member) for run in each.values()]
            if common_metric(task_of(member), runs, split) is not None:
                group.append(member)
                break
        else:
            groups.append([member])
    return groups


def task_of(records: Mapping[str, RunRecords]) -> str:
    """Return the task that runs share."""
    return next(iter(records.values())).settings["task"]


def named_metric(task: str, key: str) -> Metric:
    """Return a metric of a task; ConfigError names those that it has."""
    metrics = {metric.key: metric for metric in part(task, "measures").MEASURES.comparable}
    if key not in metrics:
        raise ConfigError(f"metric = {key} is not a metric of {task}; use {', '.join(metrics)}")
    return metrics[key]


def common_metric(task: str, runs: Sequence[RunRecords], split: Split) -> Metric | None:
    """Return the first metric of the task that all `runs` recorded on `split`; None without one."""
    metrics = part(task, "measures").MEASURES.comparable
    recorded = (metric for metric in metrics if all(has(run, metric, split) for run in runs))
    return next(recorded, None)


def default_metric(task: str, runs: Sequence[RunRecords], split: Split) -> Metric:
    """Return the first metric of the task that all `runs` recorded on `split`, else the first."""
    first = part(task, "measures").MEASURES.comparable[0]
    return common_metric(task, runs, split) or first


def has(run: RunRecords, metric: Metric, split: Split) -> bool:
    """Return whether a run recorded the statistics of a metric on a split."""
    records = run.splits.get(split)
    return records is not None and records.statistics.keys() >= set(metric.statistics)


def _all_pairs(members: Sequence[Mapping[str, RunRecords]], split: Split) -> list[Comparison]:
    runs = [run for each in members for run in each.values()]
    metric = default_metric(task_of(members[0]), runs, split)
    sides = [Side(next(iter(each)), each, metric) for each in members]
    return [comparison for comparison, _ in _compare_pairs(sides, split)]


def _has_clusters(members: Mapping[str, RunRecords], split: Split) -> bool:
    return len(set(next(iter(members.values())).splits[split].clusters)) > 1


def _compare_pairs(sides: Sequence[Side], split: Split) -> list[tuple[Comparison, Difference]]:
    """Compare all pairs of `sides` on the same resamples."""
    clusters = _clusters(sides, split)
    resamples, seed = RESAMPLING.resamples, RESAMPLING.seed
    scored = [
        resample([_statistics(side, split)], clusters, side.metric.compute, resamples, seed)[0]
        for side in sides
    ]
    for side, scores in zip(sides, scored, strict=True):
        if not np.isfinite(scores.resampled).all():
            raise DataError(
                f"{records_path(side.run.partition('@')[0])}: {side.metric.key} has no value on "
                f"some resamples of {len(clusters)} test records; measure more of them"
            )
    return [
        _compare_pair(clusters, *pair) for pair in combinations(zip(sides, scored, strict=True), 2)
    ]


def _statistics(side: Side, split: Split) -> np.ndarray:
    """Return the statistics (run, record, statistic) of the metric of a side."""
    metric, own_split = side.metric, side.split(split)
    for name, run in side.records.items():
        if not has(run, metric, own_split):
            raise DataError(f"{records_path(name)}: {metric.key} was not recorded on {own_split}")
    return np.stack(
        [
            np.stack(
                [run.splits[own_split].statistics[name] for name in metric.statistics], axis=-1
            )
            for run in side.records.values()
        ]
    ).astype(np.float64)


def _clusters(sides: Sequence[Side], split: Split) -> list[int]:
    """Return the clusters of the test records; DataError if runs have different records."""
    (first, records), *others = _records_of(sides, split)
    clusters = list(records.clusters)
    for name, other in others:
        if (other.test_set, list(other.clusters)) != (records.test_set, clusters):
            raise DataError(
                f"{records_path(name)}: other records of {split} than in {records_path(first)}; "
                f"run `dvc repro evaluate@{name}`"
            )
    if len(set(clusters)) == 1:
        raise DataError(
            f"{records_path(first)}: all records of {split} form one cluster, so that nothing can "
            "be resampled; hold out more"
        )
    return clusters


def _records_of(sides: Sequence[Side], split: Split) -> list[tuple[str, Records]]:
    found = []
    for side in sides:
        for name, run in side.records.items():
            own_split = side.split(split)
            if own_split not in run.splits:
                raise DataError(f"{records_path(name)}: {own_split} was not recorded")
            found.append((name, run.splits[own_split]))
    return found


def _compare_pair(
    clusters: Sequence[int], first: tuple[Side, Scores], second: tuple[Side, Scores]
) -> tuple[Comparison, Difference]:
    (first_side, first_scores), (second_side, second_scores) = first, second
    difference = Difference.between(
        first_scores,
        second_scores,
        first_side.metric.higher_is_better,
        same_seeds=first_side.records.keys() == second_side.records.keys(),
    )
    low, high = difference.interval()
    p = float(difference.p_value())
    comparison = Comparison(
        records=len(clusters),
        clusters=first_scores.clusters,
        first=_arm(*first),
        second=_arm(*second),
        difference=rounded(difference.value),
        low=rounded(low),
        high=rounded(high),
        p_value=rounded(2 * min(p, 1 - p)),
    )
    return comparison, difference


def _arm(side: Side, scores: Scores) -> Arm:
    return Arm(
        run=side.run,
        metric=side.metric.key,
        runs=list(side.records),
        scores=[rounded(score) for score in scores.observed],
        score=rounded(scores.observed.mean()),
    )


def rounded(value: float) -> float:
    """Round a number of the judgements, without -0.0."""
    return round(float(value), _DIGITS) + 0.0

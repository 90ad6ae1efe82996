"""The bootstrap over clusters of records (Efron 1979).

The independent units are resampled: clusters, such as the sentences of one page. All arms of a
comparison and all seeds of an arm share the resamples, which makes it a paired one (Koehn 2004).
What differs between seeds, the runs that differ in nothing else, is for `difference` to add.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.statistics.compute import Compute

CONFIDENCE = 0.95
_CHUNK = 1 << 20  # resampled clusters in memory at once


@dataclass(frozen=True)
class Scores:
    """Scores of the seeds of an arm, on its records and on each resample of their clusters."""

    observed: np.ndarray  # (..., seed)
    resampled: np.ndarray  # (..., seed, resample)
    clusters: int

    def minus(self, other: "Scores") -> "Scores":
        """Subtract the scores of other measurements of the same seeds."""
        return Scores(
            self.observed - other.observed, self.resampled - other.resampled, self.clusters
        )


def interval(
    statistics: np.ndarray,
    clusters: Sequence[Hashable],
    compute: Compute,
    resamples: int,
    seed: int,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the score of one run, over resampled clusters.

    `statistics` (record, statistic) are summed over the records before `compute` scores them.
    """
    (arm,) = resample([statistics[np.newaxis]], clusters, compute, resamples, seed)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(arm.resampled, [tail, 100 - tail])
    return float(low), float(high)


def resample(
    arms: Sequence[np.ndarray],
    clusters: Sequence[Hashable],
    compute: Compute,
    resamples: int,
    seed: int,
) -> list[Scores]:
    """Score each arm on its records and on `resamples` bootstrap resamples, the same for all arms.

    An arm is an array (seed, record, statistic) of runs that differ only in their seed; all arms
    have the same records. `clusters` (record,) are the labels of their clusters. Raises ValueError
    if an arm has other records than `clusters`.
    """
    sums = [_cluster_sums(arm, clusters) for arm in arms]
    units = sums[0].shape[1]
    scores = [[] for _ in arms]
    for counts in _resample_counts(units, resamples, seed):
        for arm_scores, arm_sums in zip(scores, sums, strict=True):
            arm_scores.append(compute(counts @ arm_sums))  # (seed, resamples of the chunk)
    return [
        Scores(compute(arm_sums.sum(axis=1)), np.concatenate(arm_scores, axis=1), units)
        for arm_sums, arm_scores in zip(sums, scores, strict=True)
    ]


def cluster_numbers(clusters: Sequence[Hashable]) -> np.ndarray:
    """Number clusters (record,) from 0 in the order of their first records."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in clusters], np.int64)


def _cluster_sums(arm: np.ndarray, clusters: Sequence[Hashable]) -> np.ndarray:
    """Sum statistics (seed, record, statistic) over the records of each cluster."""
    if arm.ndim != 3 or arm.shape[1] != len(clusters) or 0 in arm.shape:
        raise ValueError(
            f"statistics {arm.shape} must be (seed, record, statistic), none of them 0, with "
            f"{len(clusters)} records: those that have a cluster"
        )
    numbers = cluster_numbers(clusters)
    sums = np.zeros((arm.shape[0], numbers.max() + 1, arm.shape[2]))
    np.add.at(sums, (slice(None), numbers), arm)
    return sums


def _resample_counts(units: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield chunks (resample, unit) of how often each resample contains each unit.

    A resample has `units` units, sampled with replacement.
    """
    random = np.random.default_rng([seed])
    rows = max(1, _CHUNK // units)
    for start in range(0, resamples, rows):
        sampled = random.integers(units, size=(min(rows, resamples - start), units))
        yield np.stack([np.bincount(row, minlength=units) for row in sampled]).astype(np.float64)

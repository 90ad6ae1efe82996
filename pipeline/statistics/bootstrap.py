"""The bootstrap (Efron 1979) over clusters of records and over seeds.

The independent units are resampled: clusters, such as the sentences of one page, and seeds, the
runs that differ only in their seed. Clusters are resampled jointly for all arms of a comparison,
which makes it a paired one (Koehn 2004); seeds are resampled for each arm separately.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from pipeline.statistics.compute import Compute

CONFIDENCE = 0.95
_CHUNK = 1 << 20  # resampled clusters in memory at once


@dataclass(frozen=True)
class Resampled:
    """Score of an arm on its records and on each resample."""

    score: float
    resampled: np.ndarray  # (resample,)

    def scaled(self, factor: float) -> "Resampled":
        """Multiply all scores by `factor`."""
        return Resampled(self.score * factor, self.resampled * factor)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the percentile interval of the score."""
        return percentile_interval(self.resampled, confidence)


def percentile_interval(
    resampled: np.ndarray, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the percentile interval of values (resample,): for 0.95, percentiles 2.5 and 97.5."""
    tail = 50 * (1 - confidence)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return float(low), float(high)


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
    return arm.interval()


def resample(
    arms: Sequence[np.ndarray],
    clusters: Sequence[Hashable],
    compute: Compute,
    resamples: int,
    seed: int,
) -> list[Resampled]:
    """Score each arm on its records and on `resamples` bootstrap resamples, the same for all arms.

    An arm is an array (seed, record, statistic) of runs that differ only in their seed; all arms
    have the same records. `clusters` (record,) are the labels of their clusters. The score of an
    arm is the mean over its seeds. Raises ValueError if an arm has other records than `clusters`.
    """
    sums = [_cluster_sums(arm, clusters) for arm in arms]
    scores = [[] for _ in arms]
    for counts in _resample_counts(sums[0].shape[1], resamples, [seed]):
        for arm_scores, arm_sums in zip(scores, sums, strict=True):
            arm_scores.append(compute(counts @ arm_sums))  # (seed, resamples of the chunk)
    return [
        Resampled(
            float(compute(arm_sums.sum(axis=1)).mean()),
            _mean_of_resampled_seeds(np.concatenate(arm_scores, axis=1), [seed, 1 + number]),
        )
        for number, (arm_sums, arm_scores) in enumerate(zip(sums, scores, strict=True))
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


def _resample_counts(units: int, resamples: int, seed: list[int]) -> Iterator[np.ndarray]:
    """Yield chunks (resample, unit) of how often each resample contains each unit.

    A resample has `units` units, sampled with replacement.
    """
    random = np.random.default_rng(seed)
    rows = max(1, _CHUNK // units)
    for start in range(0, resamples, rows):
        sampled = random.integers(units, size=(min(rows, resamples - start), units))
        yield np.stack([np.bincount(row, minlength=units) for row in sampled]).astype(np.float64)


def _mean_of_resampled_seeds(scores: np.ndarray, seed: list[int]) -> np.ndarray:
    """Resample the seeds of scores (seed, resample) and return their means (resample,).

    The bootstrap variance of a mean of n values is too small by (n - 1) / n, a lot for two or three
    seeds: deviations from the mean of all seeds are scaled by sqrt(n / (n - 1)), as in the
    rescaling bootstrap (Rao and Wu 1988). If seeds vary much more than clusters, few seeds still
    reject too often, like any test that takes an estimated variance for a known one. A single seed
    has no variance to estimate and is not resampled.
    """
    seeds, resamples = scores.shape
    if seeds == 1:
        return scores[0]
    counts = np.concatenate(list(_resample_counts(seeds, resamples, seed)))
    weights = (1 + sqrt(seeds / (seeds - 1)) * (counts - 1)) / seeds
    return np.einsum("rs,sr->r", weights, scores)

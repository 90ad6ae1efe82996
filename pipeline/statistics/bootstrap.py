"""The bootstrap (Efron 1979) over clusters of records and over seeds.

What is resampled is what is independent: clusters, such as the sentences of one page, and seeds,
the runs that differ in their seed alone. Clusters are drawn once for all arms of a comparison,
which makes it a paired one (Koehn 2004); seeds are drawn for each arm by itself.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from pipeline.statistics.compute import Compute

CONFIDENCE = 0.95
_DRAWN_AT_ONCE = 1 << 20  # clusters, over all resamples that are held in memory together


@dataclass(frozen=True)
class Resampled:
    """The score of an arm on its records, and on each resample of them."""

    score: float
    resampled: np.ndarray  # (resample,)

    def times(self, factor: float) -> "Resampled":
        """This score, and that of each resample, multiplied by `factor`."""
        return Resampled(self.score * factor, self.resampled * factor)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """The percentile interval of the score, which has `confidence` of the resamples inside."""
        return percentile_interval(self.resampled, confidence)


def percentile_interval(
    resampled: np.ndarray, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The middle `confidence` of values (resample,): with 0.95 the percentiles 2.5 and 97.5."""
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
    """The 95 % percentile interval of the score of one run, over resampled clusters.

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
    """Score each arm as a whole and on `resamples` bootstrap resamples, the same for all arms.

    An arm is statistics (seed, record, statistic): runs that differ in their seed alone, on the
    same records as those of all other arms. `clusters` (record,) names the cluster of each record,
    whatever the names. The score of an arm is the mean of the scores of its seeds. ValueError if an
    arm has other records than `clusters`.
    """
    sums = [_cluster_sums(arm, clusters) for arm in arms]
    drawn = [[] for _ in arms]
    for weights in _multiplicities(sums[0].shape[1], resamples, [seed]):
        for scores, of_arm in zip(drawn, sums, strict=True):
            scores.append(compute(weights @ of_arm))  # (seed, some resamples)
    return [
        Resampled(
            float(compute(of_arm.sum(axis=1)).mean()),
            _mean_of_drawn_seeds(np.concatenate(scores, axis=1), [seed, 1 + number]),
        )
        for number, (of_arm, scores) in enumerate(zip(sums, drawn, strict=True))
    ]


def cluster_numbers(clusters: Sequence[Hashable]) -> np.ndarray:
    """The number of the cluster of each record, (record,), in the order of their first records."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(each, len(numbers)) for each in clusters], np.int64)


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


def _multiplicities(units: int, resamples: int, seed: list[int]) -> Iterator[np.ndarray]:
    """How often each resample draws each unit: parts (some resamples, unit), one after another.

    A resample draws as many units as there are, with replacement.
    """
    random = np.random.default_rng(seed)
    rows = max(1, _DRAWN_AT_ONCE // units)
    for start in range(0, resamples, rows):
        drawn = random.integers(units, size=(min(rows, resamples - start), units))
        yield np.stack([np.bincount(row, minlength=units) for row in drawn]).astype(np.float64)


def _mean_of_drawn_seeds(scores: np.ndarray, seed: list[int]) -> np.ndarray:
    """The mean score of as many drawn seeds as there are, of scores (seed, resample): (resample,).

    The bootstrap of a mean of n values has (n - 1) / n of its variance, which is much too little
    for two or three seeds: what the draw adds to the mean of all seeds is widened by
    sqrt(n / (n - 1)), as in the rescaling bootstrap (Rao and Wu 1988). Where seeds vary much more
    than clusters do, so few still reject too often, as any test does that takes an estimated
    variance for a known one. One seed shows nothing of how seeds vary: nothing is drawn.
    """
    seeds, resamples = scores.shape
    if seeds == 1:
        return scores[0]
    multiplicities = np.concatenate(list(_multiplicities(seeds, resamples, seed)))
    weights = (1 + sqrt(seeds / (seeds - 1)) * (multiplicities - 1)) / seeds
    return np.einsum("rs,sr->r", weights, scores)

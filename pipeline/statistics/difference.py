"""Difference of two arms: its variances over clusters and over seeds, interval and p values.

The variance has two components, as in studies of several readers and cases (Obuchowski and
Rockette 1995): what the clusters add that all seeds share, and what a seed adds, on these clusters.
The second has few degrees of freedom: two seeds of each arm leave two. Limits are those of Banerjee
(1960), whose squared distance from the estimate is the sum of the components, each times its own
squared quantile of Student's t. With normal data they err in at most the stated share of all
experiments, whatever the ratio of the components; tests/statistics/test_error_rates.py counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.statistics.bootstrap import CONFIDENCE, Scores
from pipeline.statistics.student import quantile

SIGNIFICANCE = 0.05
POWER = 0.8
_SMALLEST_P = 1e-12
_HALVINGS = 32  # of the interval of the logarithm of a p value


@dataclass(frozen=True)
class Variance:
    """A component of the variance of a difference, as it was estimated."""

    value: np.ndarray  # (...)
    degrees: int  # of freedom


@dataclass(frozen=True)
class Difference:
    """How much the first arm is better than the second, in the unit of their metric.

    Arrays (...) hold independent experiments of the same design.
    """

    value: np.ndarray  # (...)
    variances: Sequence[Variance]

    @classmethod
    def between(
        cls, first: Scores, second: Scores, higher_is_better: bool, same_seeds: bool
    ) -> "Difference":
        """Compare two arms from the same call of `resample`.

        `same_seeds`: both are measurements of the same runs, such as two ways of decoding, so that
        their seeds are paired. Otherwise both arms are taken to vary equally over their seeds; an
        arm of one seed borrows the variance of the other. If both have one seed, the difference has
        the variance over clusters alone. Raises ValueError if there is only one cluster.
        """
        if first.clusters < 2:
            raise ValueError("all records form one cluster, so that nothing can be resampled")
        sign = 1 if higher_is_better else -1
        value = sign * (_mean(first.observed) - _mean(second.observed))
        arms = [first.minus(second)] if same_seeds else [first, second]
        return cls(value, _variances(arms))

    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the two-sided confidence interval of the difference, (...) each."""
        distance = self._distance((1 - CONFIDENCE) / 2)
        return self.value - distance, self.value + distance

    def lower_limit(self, error: float = SIGNIFICANCE) -> np.ndarray:
        """Return the limit (...) that exceeds the true difference with a probability `error`."""
        return self.value - self._distance(error)

    def p_value(self, margin: float = 0.0) -> np.ndarray:
        """Return the p value (...) of a difference above -`margin`, against one of at most that.

        A margin of 0 asks for the better arm, a larger one for an arm that is not inferior. It is
        the level at which the lower limit is -`margin`; at least 1e-12, and at most 1 - 1e-12.
        """
        beyond = np.asarray(self.value + margin)
        low, high = np.full_like(beyond, np.log(_SMALLEST_P)), np.full_like(beyond, np.log(0.5))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            is_within = self._distance(np.exp(middle)) >= np.abs(beyond)
            low, high = np.where(is_within, middle, low), np.where(is_within, high, middle)
        p = np.exp(high)
        return np.where(beyond >= 0, p, 1 - p)

    def p_value_of_less(self, margin: float = 0.0) -> np.ndarray:
        """Return the p value (...) of a difference below -`margin`, against at least that."""
        return Difference(-self.value, self.variances).p_value(-margin)

    def smallest_effect(self) -> np.ndarray:
        """Return the smallest true difference (...) that 80 of 100 such experiments find.

        The sum of the distances of two limits: one errs in SIGNIFICANCE, the other in 1 - POWER.
        """
        return self._distance(SIGNIFICANCE) + self._distance(1 - POWER)

    def _distance(self, tail: np.ndarray | float) -> np.ndarray:
        """Return the distance (...) of a limit with the error `tail` from the estimate."""
        squares = (quantile(tail, each.degrees) ** 2 * each.value for each in self.variances)
        return np.sqrt(sum(squares))


def _variances(arms: Sequence[Scores]) -> list[Variance]:
    """Estimate the components of the variance of the sum or difference of the means of `arms`.

    Seeds differ from each other more on some clusters than on others. That part of the variance is
    in the scores of the seeds and in those of the resamples; it is counted once, with the seeds.
    """
    clusters = arms[0].clusters
    signs = (1, -1)[: len(arms)]
    means = sum(sign * _mean(arm.resampled, -2) for sign, arm in zip(signs, arms, strict=True))
    of_clusters = _variance(means, clusters)
    degrees = sum(_seeds(arm) - 1 for arm in arms)
    if degrees == 0:
        return [Variance(of_clusters, clusters - 1)]
    per_run = sum(1 / _seeds(arm) for arm in arms) / degrees
    of_seeds = per_run * sum(_deviations(arm.observed, -1) for arm in arms)
    of_both = per_run * sum(_interaction(arm) for arm in arms)
    shared = np.maximum(of_clusters - of_both, 0)
    return [Variance(shared, clusters - 1), Variance(of_seeds, degrees)]


def _seeds(arm: Scores) -> int:
    return arm.observed.shape[-1]


def _mean(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    return scores.mean(axis=axis)


def _deviations(scores: np.ndarray, axis: int) -> np.ndarray:
    """Sum the squared deviations from the mean along `axis`."""
    return ((scores - scores.mean(axis=axis, keepdims=True)) ** 2).sum(axis=axis)


def _interaction(arm: Scores) -> np.ndarray:
    """Sum, over seeds, the variance over clusters of the deviation from the mean of all seeds."""
    deviations = arm.resampled - arm.resampled.mean(axis=-2, keepdims=True)
    return _variance(deviations, arm.clusters).sum(axis=-1)


def _variance(resampled: np.ndarray, clusters: int) -> np.ndarray:
    """Return the variance over resamples (..., resample), without the bias for few clusters."""
    return resampled.var(axis=-1) * clusters / (clusters - 1)

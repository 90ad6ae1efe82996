"""Difference of two jointly resampled arms: interval, p value, non-inferiority."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pipeline.statistics.bootstrap import CONFIDENCE, Resampled, percentile_interval


class Alternative(StrEnum):
    """Alternative hypothesis of a test."""

    TWO_SIDED = "two-sided"  # a difference in either direction
    GREATER = "greater"  # the first arm is better


@dataclass(frozen=True)
class Difference:
    """How much the first arm is better than the second, in the unit of their metric."""

    value: float
    resampled: np.ndarray  # (resample,)

    @classmethod
    def between(cls, first: Resampled, second: Resampled, higher_is_better: bool) -> "Difference":
        """Compare two arms from the same call of `resample`."""
        sign = 1 if higher_is_better else -1
        return cls(sign * (first.score - second.score), sign * (first.resampled - second.resampled))

    @property
    def standard_error(self) -> float:
        """Standard deviation of the difference over resamples."""
        return float(self.resampled.std(ddof=1))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the percentile interval of the difference."""
        return percentile_interval(self.resampled, confidence)

    def p_value(self, alternative: Alternative) -> float:
        """Return the p value of the difference under the null hypothesis of equal arms.

        The null distribution is that of the resamples shifted to mean 0, with the observed
        difference included, so that p > 0 (Davison and Hinkley 1997, section 4.4). Equal scores
        have a two-sided p of 1. The paired test of sacreBLEU shifts absolute differences instead,
        which gives half of this p for clear differences.
        """
        null = self.resampled - self.resampled.mean()
        if alternative is Alternative.TWO_SIDED:
            as_large = np.abs(null) >= abs(self.value)
        else:
            as_large = null >= self.value
        return (1 + int(as_large.sum())) / (1 + len(null))

    def lower_limit(self, confidence: float = CONFIDENCE) -> float:
        """Return the one-sided lower confidence limit of the difference."""
        return float(np.percentile(self.resampled, 100 * (1 - confidence)))

    def is_not_inferior(self, margin: float) -> bool:
        """Whether the first arm is significantly less than `margin` worse than the second."""
        return self.lower_limit() > -margin

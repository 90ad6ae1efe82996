"""The difference of two arms that were resampled together: its interval, p values and margin."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pipeline.statistics.bootstrap import CONFIDENCE, Resampled, percentile_interval


class Alternative(StrEnum):
    """What a test looks for."""

    TWO_SIDED = "two-sided"  # a difference, in whichever direction
    GREATER = "greater"  # the first arm is better


@dataclass(frozen=True)
class Difference:
    """By how much a first arm is better than a second one, in the units of their metric."""

    value: float
    resampled: np.ndarray  # (resample,)

    @classmethod
    def between(cls, first: Resampled, second: Resampled, higher_is_better: bool) -> "Difference":
        """Compare two arms that `resample` scored together."""
        sign = 1 if higher_is_better else -1
        return cls(sign * (first.score - second.score), sign * (first.resampled - second.resampled))

    @property
    def standard_error(self) -> float:
        """The standard deviation of the difference over resamples."""
        return float(self.resampled.std(ddof=1))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """The percentile interval of the difference."""
        return percentile_interval(self.resampled, confidence)

    def p_value(self, alternative: Alternative) -> float:
        """The share of differences at least as large as the observed one, were both equally good.

        The differences of the resamples, moved to a mean of 0, stand for those of equal arms; the
        observed one counts as one of them, so that no p is 0 (Davison and Hinkley 1997, section
        4.4). It is 1 for the same scores, two-sided. sacreBLEU's own paired test compares absolute
        differences less their mean, which yields half of this p for clear differences.
        """
        by_chance = self.resampled - self.resampled.mean()
        if alternative is Alternative.TWO_SIDED:
            as_large = np.abs(by_chance) >= abs(self.value)
        else:
            as_large = by_chance >= self.value
        return (1 + int(as_large.sum())) / (1 + len(by_chance))

    def lower_limit(self, confidence: float = CONFIDENCE) -> float:
        """The one-sided limit that the difference lies above with `confidence`."""
        return float(np.percentile(self.resampled, 100 * (1 - confidence)))

    def is_not_inferior(self, margin: float) -> bool:
        """Whether the first arm is surely less than `margin` worse than the second one."""
        return self.lower_limit() > -margin

"""Scores as functions of summed statistics."""

from collections.abc import Callable

import numpy as np

Compute = Callable[[np.ndarray], np.ndarray]  # maps sums (..., statistic) to scores (...)


def ratio(sums: np.ndarray) -> np.ndarray:
    """Return the ratio of two statistics, sums (..., 2): numerator and denominator of a mean."""
    return sums[..., 0] / sums[..., 1]


def total(sums: np.ndarray) -> np.ndarray:
    """Return the only statistic, sums (..., 1), itself."""
    return sums[..., 0]

"""How summed statistics become a score."""

from collections.abc import Callable

import numpy as np

Compute = Callable[[np.ndarray], np.ndarray]  # maps sums (..., statistic) to scores (...)


def ratio(sums: np.ndarray) -> np.ndarray:
    """The mean of a quantity: sums (..., 2) of the quantity and of what it is counted per."""
    return sums[..., 0] / sums[..., 1]

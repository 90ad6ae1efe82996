"""Several tests at once (Holm 1979)."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """The p value of each test, adjusted for all tests of the family, in their order.

    Rejecting those below a level keeps the probability of any false rejection below that level,
    however the tests depend on each other: the smallest of n is multiplied by n, the next by n - 1,
    and none is smaller than one before it.
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return adjusted.tolist()

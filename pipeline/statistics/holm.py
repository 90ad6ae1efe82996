"""Correction for multiple tests (Holm 1979)."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p values of a family of tests, in the same order.

    Rejecting tests with an adjusted p below a level bounds the family-wise error rate by that
    level, for any dependence between tests: the smallest of n values is multiplied by n, the next
    by n - 1 and so on, made monotone and at most 1.
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return adjusted.tolist()

"""Student's t distribution with a whole number of degrees of freedom."""

from functools import cache
from math import sqrt

import numpy as np

_HALVINGS = 45  # of an interval of angles


def tail(t: np.ndarray | float, degrees: int) -> np.ndarray:
    """Return P(T > t) for t >= 0 (Abramowitz and Stegun 1964, equations 26.7.3 and 26.7.4)."""
    angle = np.arctan(np.asarray(t, np.float64) / sqrt(degrees))
    powers = np.cos(angle)[..., None] ** _exponents(degrees)
    series = np.sin(angle) * (powers @ _coefficients(degrees))
    central = 2 / np.pi * (angle + series) if degrees % 2 else series
    return (1 - central) / 2


def quantile(probability: np.ndarray | float, degrees: int) -> np.ndarray:
    """Return the t with P(T > t) = `probability`, which is at most 1/2, by bisection."""
    low = np.zeros_like(probability, np.float64)
    high = np.full_like(low, np.pi / 2)
    for _ in range(_HALVINGS):
        angle = (low + high) / 2
        is_below = tail(sqrt(degrees) * np.tan(angle), degrees) > probability
        low, high = np.where(is_below, angle, low), np.where(is_below, high, angle)
    return sqrt(degrees) * np.tan(low)


@cache
def _exponents(degrees: int) -> np.ndarray:
    """Return the exponents of the cosine: 0, 2, ... or 1, 3, ... up to degrees - 2."""
    return np.arange(degrees % 2, degrees - 1, 2)


@cache
def _coefficients(degrees: int) -> np.ndarray:
    """Return 1, 1/2, 1*3/(2*4), ..., or 1, 2/3, 2*4/(3*5), ..., one for each exponent."""
    exponents = _exponents(degrees)
    return np.cumprod([1.0, *((exponents[1:] - 1) / exponents[1:])])[: len(exponents)]

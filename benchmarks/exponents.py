"""How a cost grows: the power law that fits it."""

from collections.abc import Sequence

import numpy as np


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of log cost over log size, by least squares: a of cost = c size^a."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])

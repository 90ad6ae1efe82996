"""What a design could have seen."""

from statistics import NormalDist

from pipeline.statistics.difference import Alternative

SIGNIFICANCE = 0.05
POWER = 0.8


def smallest_effect(
    standard_error: float,
    alternative: Alternative,
    significance: float = SIGNIFICANCE,
    power: float = POWER,
) -> float:
    """The smallest difference that a test at `significance` finds with probability `power`.

    For a difference that is normally distributed with `standard_error`: a multiple of it, 2.49 of
    a one-sided test and 2.80 of a two-sided one at the usual levels.
    """
    tails = 2 if alternative is Alternative.TWO_SIDED else 1
    quantile = NormalDist().inv_cdf
    return (quantile(1 - significance / tails) + quantile(power)) * standard_error

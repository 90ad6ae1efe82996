"""Power of a comparison."""

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
    """Return the smallest difference that a test at `significance` detects with `power`.

    Assumes a normal distribution with `standard_error`; at the default levels 2.49 standard errors
    for a one-sided test and 2.80 for a two-sided test.
    """
    tails = 2 if alternative is Alternative.TWO_SIDED else 1
    quantile = NormalDist().inv_cdf
    return (quantile(1 - significance / tails) + quantile(power)) * standard_error

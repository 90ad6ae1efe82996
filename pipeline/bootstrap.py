"""Confidence intervals by resampling records (sentences, images, pieces), not single tokens."""

import numpy as np

_PERCENTILES = (2.5, 97.5)


def interval(sums: np.ndarray, counts: np.ndarray, samples: int, seed: int) -> tuple[float, float]:
    """The 95 % percentile interval of sum(sums) / sum(counts) over resampled records.

    `sums` (record,) is what each record adds to the total and `counts` (record,) how many tokens or
    pixels it has, all positive. Each of the `samples` resamples draws as many records as there
    are, with replacement. Raises ValueError if the arrays do not fit.
    """
    sums, counts = np.asarray(sums, np.float64), np.asarray(counts, np.float64)
    if sums.ndim != 1 or sums.shape != counts.shape or len(sums) == 0 or (counts <= 0).any():
        raise ValueError(
            f"sums {sums.shape} and counts {counts.shape} must be of the same, positive length "
            "and every count positive"
        )
    random = np.random.default_rng([seed])
    means = np.empty(samples)
    for sample in range(samples):
        drawn = random.integers(len(sums), size=len(sums))
        means[sample] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.percentile(means, _PERCENTILES)
    return float(low), float(high)

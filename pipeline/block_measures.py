"""The metrics of blockwise decoding, for all tasks; their statistics are those of blocks.py."""

import numpy as np

from pipeline.measures import Metric
from pipeline.statistics.compute import total


def mean_block(sums: np.ndarray) -> np.ndarray:
    """Return ids over passes, of sums (..., 2); 1 of a resample in which nothing was decoded."""
    ids, passes = sums[..., 0], sums[..., 1]
    return np.where(passes > 0, ids / np.maximum(passes, 1), 1.0)


MEAN_BLOCK = Metric(
    "mean_block",
    "ids a pass",
    "ids that a pass of the network adds in blockwise decoding, the first pass included; 1 without",
    decimals=2,
    higher_is_better=True,
    has_interval=True,
    optional=True,
    statistics=("block_ids", "passes"),
    compute=mean_block,
)
METRICS = (
    MEAN_BLOCK,
    Metric(
        "unlike_greedy",
        "unlike greedy",
        "sequences that are not those of greedy decoding, one id a pass, though no two ids tie",
        decimals=0,
        higher_is_better=False,
        optional=True,
        statistics=("unlike_greedy",),
        compute=total,
    ),
    Metric(
        "greedy_ties",
        "ties",
        "sequences that are others where two ids are as likely, but for rounding in float32",
        decimals=0,
        higher_is_better=False,
        optional=True,
        statistics=("greedy_ties",),
        compute=total,
    ),
)
# What only claims ask for.
ONE_ID = Metric(
    "one_id",
    "one id a pass",
    "what decoding without proposals adds, 1 by definition",
    decimals=2,
    higher_is_better=True,
    statistics=("passes", "passes"),
    compute=mean_block,
)

"""What the ids of a piece have in common in all representations."""

import numpy as np

from pipeline.errors import DataError


def checked(ids: np.ndarray, start: int) -> np.ndarray:
    """Return the ids (token,) after the first, which has to be `start`, the largest id.

    Raises DataError if `start` is not the first id or occurs again, or if an id is no output.
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or len(ids) == 0 or ids[0] != start:
        raise DataError(f"music ids: the first id must be START = {start}; encode the piece again")
    wrong = np.flatnonzero((ids[1:] < 0) | (ids[1:] >= start))
    if len(wrong):
        at = int(wrong[0]) + 1
        raise DataError(
            f"music ids: id {ids[at]} at position {at} is not in 0..{start - 1}; "
            "START is the first id only"
        )
    return ids[1:]

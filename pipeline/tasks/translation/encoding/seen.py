"""Which of millions of pairs came before: 8 bytes of memory for each."""

import hashlib
from collections.abc import Iterable

import numpy as np

from pipeline.tasks.translation.encoding.read import Pair

_BYTES = 8  # of 5 million pairs, two different ones share a hash once in a million data sets


def hashes(pairs: Iterable[Pair]) -> np.ndarray:
    """Return a number for each pair; equal pairs have equal ones."""
    digests = (hashlib.blake2b("\n".join(pair).encode(), digest_size=_BYTES) for pair in pairs)
    return np.frombuffer(b"".join(digest.digest() for digest in digests), np.dtype("<u8"))


class Seen:
    """A growing set of hashes: sorted runs, each more than twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def add(self, batch: np.ndarray) -> np.ndarray:
        """Add a batch; return which of it are new, the first of equal ones alone."""
        new = np.zeros(len(batch), bool)
        run, first = np.unique(batch, return_index=True)
        fresh = np.ones(len(run), bool)
        for older in self._runs:
            fresh &= older[np.searchsorted(older, run).clip(max=len(older) - 1)] != run
        new[first[fresh]] = True
        run = run[fresh]
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate((self._runs.pop(), run)))
        if len(run):
            self._runs.append(run)
        return new

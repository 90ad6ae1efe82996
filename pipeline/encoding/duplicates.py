"""Exact duplicates among millions of examples: 8 bytes of memory for each."""

import hashlib

import numpy as np

_BYTES = 8  # two of 5 million different contents have the same digest in one of a million data sets


def digest(content: bytes) -> int:
    """Return a hash of 64 bits; equal contents have equal ones."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=_BYTES).digest(), "little")


class Seen:
    """A growing set of digests: sorted arrays, each more than twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def add(self, batch: np.ndarray) -> np.ndarray:
        """Add digests, uint64 (example,); return which are new, of equal ones the first alone."""
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

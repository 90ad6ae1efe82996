"""How many motifs of a primer return in its continuation.

A motif is `length` successive intervals of a melody, which makes it independent of the key. The
share of motifs of a continuation that occur in its primer is compared with two others: with the
notes of the continuation shuffled, which measures the effect of the choice of pitches alone; and in
the primers of other pieces, which measures what all pieces have in common, such as scales.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.metrics.notes import melodies_of

_SHUFFLES = 20
_SEED = 1


def motifs(pitch: np.ndarray, length: int) -> list[bytes]:
    """Return the `length` intervals before each note of a melody, from note `length` on."""
    intervals = np.diff(pitch.astype(np.int64))
    return [intervals[end - length : end].tobytes() for end in range(length, len(intervals) + 1)]


@dataclass(frozen=True)
class MotifReturns:
    """How many motifs of each continuation return, (continuation,) each."""

    motifs: np.ndarray
    returned: np.ndarray  # that occur in the primer
    shuffled: np.ndarray  # of the notes of each melody shuffled, mean over shuffles
    in_others: np.ndarray  # that occur in the primers of other pieces, mean over these

    def shares(self) -> dict[str, float | int]:
        """Return the shares of the motifs of all continuations; 0 without motifs."""
        count = int(self.motifs.sum())
        return {
            "motif_return": float(self.returned.sum()) / max(count, 1),
            "shuffled_motif_return": float(self.shuffled.sum()) / max(count, 1),
            "other_motif_return": float(self.in_others.sum()) / max(count, 1),
            "motifs": count,
        }


def motif_returns(
    primers: Sequence[np.ndarray],
    continuations: Sequence[np.ndarray],
    others: Sequence[Sequence[np.ndarray]],
    shape: DataShape,
    length: int,
) -> MotifReturns:
    """Count the motifs of `continuations`, ids (1 + token,), that occur in `primers`.

    `others` of a continuation are the primers of other pieces.
    """
    random = np.random.default_rng([_SEED])
    counts = np.zeros((len(continuations), 4))
    for row, primer, continuation, other_primers in zip(
        counts, primers, continuations, others, strict=True
    ):
        known = _motifs_of(primer, shape, length)
        known_in_others = [_motifs_of(other, shape, length) for other in other_primers]
        for pitch in _pitches_of(continuation, shape):
            found = motifs(pitch, length)
            in_others = sum(_count_known(other, found) for other in known_in_others)
            shuffled = sum(
                _count_known(known, motifs(random.permutation(pitch), length))
                for _ in range(_SHUFFLES)
            )
            row += (
                len(found),
                _count_known(known, found),
                shuffled / _SHUFFLES,
                in_others / max(len(known_in_others), 1),
            )
    return MotifReturns(counts[:, 0].astype(np.int64), *counts.T[1:])


def _motifs_of(ids: np.ndarray, shape: DataShape, length: int) -> set[bytes]:
    return {motif for pitch in _pitches_of(ids, shape) for motif in motifs(pitch, length)}


def _pitches_of(ids: np.ndarray, shape: DataShape) -> Iterator[np.ndarray]:
    for melody in melodies_of(ids, shape):
        yield np.array([note.pitch for note in melody], np.int64)


def _count_known(known: set[bytes], found: Sequence[bytes]) -> int:
    return sum(motif in known for motif in found)

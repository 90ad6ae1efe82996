"""How much of an opening comes back in what goes on after it.

A motif is `length` successive intervals of a melody, so it is the same in every key. The share of
the motifs of a continuation that are in its opening is compared with two others: where the notes of
the continuation are shuffled, what the choice of pitches alone explains; and in the openings of
other pieces, what all pieces of this music have in common, as scales.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.metrics.notes import melodies_of

_SHUFFLES = 20
_SEED = 1


def motifs(pitch: np.ndarray, length: int) -> list[bytes]:
    """The `length` intervals that end at each note of a melody from the first that has so many."""
    intervals = np.diff(pitch.astype(np.int64))
    return [intervals[end - length : end].tobytes() for end in range(length, len(intervals) + 1)]


def returning(
    openings: Sequence[np.ndarray],
    continuations: Sequence[np.ndarray],
    others: Sequence[Sequence[np.ndarray]],
    shape: DataShape,
    length: int,
) -> dict[str, float | int]:
    """The share of motifs in `continuations`, ids (1 + token,), that their `openings` hold.

    `motif_return` as they are, `shuffled_motif_return` with the notes of each melody shuffled,
    `other_motif_return` in the openings of other pieces, `others` of each continuation: the mean
    over them; `motifs` how many there are. Shares are 0 where there is none.
    """
    random = np.random.default_rng([_SEED])
    found = shuffled = count = 0
    foreign = 0.0
    for opening, continuation, foreigners in zip(openings, continuations, others, strict=True):
        known = _motifs_of(opening, shape, length)
        elsewhere = [_motifs_of(other, shape, length) for other in foreigners]
        for pitch in _pitches_of(continuation, shape):
            own = motifs(pitch, length)
            count += len(own)
            found += _held_by(known, own)
            foreign += sum(_held_by(each, own) for each in elsewhere) / max(len(elsewhere), 1)
            shuffled += sum(
                _held_by(known, motifs(random.permutation(pitch), length)) for _ in range(_SHUFFLES)
            )
    return {
        "motif_return": found / max(count, 1),
        "shuffled_motif_return": shuffled / max(count * _SHUFFLES, 1),
        "other_motif_return": foreign / max(count, 1),
        "motifs": count,
    }


def _motifs_of(ids: np.ndarray, shape: DataShape, length: int) -> set[bytes]:
    return {each for pitch in _pitches_of(ids, shape) for each in motifs(pitch, length)}


def _pitches_of(ids: np.ndarray, shape: DataShape) -> Iterator[np.ndarray]:
    for melody in melodies_of(ids, shape):
        yield np.array([note.pitch for note in melody], np.int64)


def _held_by(known: set[bytes], found: Sequence[bytes]) -> int:
    return sum(each in known for each in found)

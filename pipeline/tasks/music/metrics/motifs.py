"""How much of an opening comes back in what goes on after it.

A motif is `length` successive intervals of a melody, so it is the same in every key. The share of
the motifs of a continuation that are in its opening is compared with the share where the notes of
the continuation are shuffled: what the choice of pitches alone explains.
"""

from collections.abc import Sequence

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
    shape: DataShape,
    length: int,
) -> dict[str, float | int]:
    """The share of motifs in `continuations`, ids (1 + token,), that their `openings` hold.

    `motif_return` as they are, `shuffled_motif_return` with the notes of each melody shuffled,
    `motifs` how many there are. Shares are 0 where there is none.
    """
    random = np.random.default_rng([_SEED])
    found = shuffled = count = 0
    for opening, continuation in zip(openings, continuations, strict=True):
        known = {
            each for melody in melodies_of(opening, shape) for each in motifs(melody.pitch, length)
        }
        for melody in melodies_of(continuation, shape):
            own = motifs(melody.pitch, length)
            count += len(own)
            found += sum(each in known for each in own)
            for _ in range(_SHUFFLES):
                others = motifs(random.permutation(melody.pitch), length)
                shuffled += sum(each in known for each in others)
    return {
        "motif_return": found / max(count, 1),
        "shuffled_motif_return": shuffled / max(count * _SHUFFLES, 1),
        "motifs": count,
    }

"""Near-duplicates: the same setting in two works, in another key, or with instruments added."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.encoding.near_duplicates import overlap
from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.encoding.piece import Piece

_CHORDS = 8
_SAME_MELODY = 0.5  # of its n-grams


class NearDuplicate(NamedTuple):
    """A piece, the earlier piece that it repeats, and the overlap of their n-grams."""

    piece: str
    of: str
    shared: float


def merge_near_duplicates(
    pieces: Sequence[Piece], max_shared: float
) -> tuple[list[Piece], list[NearDuplicate]]:
    """Keep the pieces whose n-grams overlap by at most `max_shared` with those of each kept one.

    It is the overlap coefficient of the sets of `chord_ngrams`: an excerpt is a near-duplicate.
    """
    kept: list[tuple[Piece, frozenset[bytes]]] = []
    merged: list[NearDuplicate] = []
    for piece in pieces:
        ngrams = chord_ngrams(piece.grid)
        overlaps = [(overlap(ngrams, others), other.name) for other, others in kept]
        shared, of = max(overlaps, default=(0.0, ""))
        if shared > max_shared:
            merged.append(NearDuplicate(piece.name, of, round(shared, 6)))
        else:
            kept.append((piece, ngrams))
    return [piece for piece, _ in kept], merged


def count_shared_melodies(pieces: Sequence[Piece], others: Sequence[Piece]) -> int:
    """Count the `pieces` whose soprano's n-grams overlap by more than half with one of `others`.

    Bach harmonised one melody several times: no near-duplicates, but not independent either.
    """
    melodies = [chord_ngrams(other.grid[:, :1]) for other in others]
    mine = (chord_ngrams(piece.grid[:, :1]) for piece in pieces)
    return sum(any(overlap(own, melody) > _SAME_MELODY for melody in melodies) for own in mine)


def chord_ngrams(grid: np.ndarray) -> frozenset[bytes]:
    """The runs of 8 chords in a grid (time, voice): equal for transposed pieces.

    Rhythm does not count: a chord that lasts is one chord, and rests of all voices are none.
    """
    sounding = grid[(grid != SILENCE).any(axis=1)].astype(np.int16)
    changes = np.any(np.diff(sounding, axis=0, prepend=-1) != 0, axis=1)
    chords = sounding[changes]
    if len(chords) < _CHORDS:
        return frozenset()
    runs = np.lib.stride_tricks.sliding_window_view(chords, _CHORDS, axis=0)  # (run, voice, chord)
    lowest = runs[:, :, 0].min(axis=1)[:, None, None]
    transposed = np.where(runs == SILENCE, SILENCE, runs - lowest).astype(np.int16)
    return frozenset(run.tobytes() for run in transposed)

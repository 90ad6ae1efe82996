"""Near-duplicates: the same setting in two works, the same tune in two books, in another key."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.encoding.near_duplicates import OverlapIndex, overlap
from pipeline.tasks.music.codec import grid, melody
from pipeline.tasks.music.encoding.piece import Piece
from pipeline.tasks.music.encoding.splits import AnyPiece

_RUN = 8  # chords or notes of an n-gram
_SAME_MELODY = 0.5  # of its n-grams


class NearDuplicate(NamedTuple):
    """A piece, the earlier piece that it repeats, and the overlap of their n-grams."""

    piece: str
    of: str
    shared: float


def merge_near_duplicates(
    pieces: Sequence[AnyPiece], ngrams_of: Callable[[AnyPiece], frozenset[bytes]], max_shared: float
) -> tuple[list[AnyPiece], list[NearDuplicate]]:
    """Keep the pieces whose n-grams overlap by at most `max_shared` with those of each kept one.

    It is the overlap coefficient of the sets of `ngrams_of`: an excerpt is a near-duplicate.
    """
    kept: list[AnyPiece] = []
    merged: list[NearDuplicate] = []
    index = OverlapIndex()
    for piece in pieces:
        ngrams = ngrams_of(piece)
        shared, of = index.largest(ngrams)
        if shared > max_shared:
            merged.append(NearDuplicate(piece.name, of, round(shared, 6)))
        else:
            kept.append(piece)
            index.add(piece.name, ngrams)
    return kept, merged


def count_shared_melodies(pieces: Sequence[Piece], others: Sequence[Piece]) -> int:
    """Count the `pieces` whose soprano's n-grams overlap by more than half with one of `others`.

    Bach harmonised one melody several times: no near-duplicates, but not independent either.
    """
    melodies = [chord_ngrams(other.grid[:, :1]) for other in others]
    mine = (chord_ngrams(piece.grid[:, :1]) for piece in pieces)
    return sum(any(overlap(own, melody) > _SAME_MELODY for melody in melodies) for own in mine)


def chord_ngrams(rows: np.ndarray) -> frozenset[bytes]:
    """The runs of 8 chords in a grid (time, voice): equal for transposed pieces.

    Rhythm does not count: a chord that lasts is one chord, and rests of all voices are none.
    """
    sounding = rows[(rows != grid.SILENCE).any(axis=1)].astype(np.int16)
    changes = np.any(np.diff(sounding, axis=0, prepend=-1) != 0, axis=1)
    chords = sounding[changes]
    if len(chords) < _RUN:
        return frozenset()
    runs = np.lib.stride_tricks.sliding_window_view(chords, _RUN, axis=0)  # (run, voice, chord)
    lowest = runs[:, :, 0].min(axis=1)[:, None, None]
    transposed = np.where(runs == grid.SILENCE, grid.SILENCE, runs - lowest).astype(np.int16)
    return frozenset(run.tobytes() for run in transposed)


def note_ngrams(tune: melody.Melody) -> frozenset[bytes]:
    """The intervals of the runs of 8 notes in a melody; neither lengths nor rests count."""
    intervals = np.diff(tune.pitch[tune.pitch != melody.SILENCE]).astype(np.int8)
    if len(intervals) < _RUN - 1:
        return frozenset()
    runs = np.lib.stride_tricks.sliding_window_view(intervals, _RUN - 1)
    return frozenset(run.tobytes() for run in runs)

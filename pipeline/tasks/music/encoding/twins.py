"""Near-duplicates: the same setting in two works, in another key, or with instruments added."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.encoding.piece import Piece

_CHORDS = 8
_SAME_MELODY = 0.5  # of its n-grams


class Twin(NamedTuple):
    """A piece, the earlier piece that it repeats, and the share of n-grams that both hold."""

    piece: str
    of: str
    shared: float


def merge_twins(pieces: Sequence[Piece], max_shared: float) -> tuple[list[Piece], list[Twin]]:
    """Keep the pieces that share at most `max_shared` of their n-grams with each one kept before.

    The share is |A and B| / min(|A|, |B|) over the sets of `chord_ngrams`.
    """
    kept: list[tuple[Piece, frozenset[bytes]]] = []
    twins: list[Twin] = []
    for piece in pieces:
        ngrams = chord_ngrams(piece.grid)
        shares = [(_share(ngrams, others), other.name) for other, others in kept]
        shared, of = max(shares, default=(0.0, ""))
        if shared > max_shared:
            twins.append(Twin(piece.name, of, round(shared, 6)))
        else:
            kept.append((piece, ngrams))
    return [piece for piece, _ in kept], twins


def count_shared_melodies(pieces: Sequence[Piece], others: Sequence[Piece]) -> int:
    """How many of `pieces` share more than half of their soprano's n-grams with one of `others`.

    Bach set one melody several times, harmonised anew: no near-duplicates, but no strangers.
    """
    melodies = [chord_ngrams(other.grid[:, :1]) for other in others]
    mine = (chord_ngrams(piece.grid[:, :1]) for piece in pieces)
    return sum(any(_share(own, melody) > _SAME_MELODY for melody in melodies) for own in mine)


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


def _share(ngrams: frozenset[bytes], others: frozenset[bytes]) -> float:
    return len(ngrams & others) / max(min(len(ngrams), len(others)), 1)

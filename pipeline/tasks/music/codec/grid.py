"""A piece as a grid of pitches and as ids for a network.

The grid has one row per 16th note and one column per voice (soprano, alto, tenor, bass): the MIDI
pitch that sounds, or SILENCE. The ids are START and then the grid row by row: S, A, T, B of the
first 16th, then of the second (Huang et al. 2018, section 4.1). A held pitch is repeated at each
16th; a grid cannot distinguish a held note from a repeated one.
"""

from collections.abc import Iterable, Sequence
from math import floor
from typing import NamedTuple

import numpy as np

from models.settings import DataShape, VoiceLayout
from pipeline.errors import DataError
from pipeline.tasks.music.codec.ids import checked

VOICES = ("soprano", "alto", "tenor", "bass")
SILENCE = 128
START = 129
LOWEST, HIGHEST = 0, SILENCE - 1  # MIDI pitches
OUTPUTS = 129  # 128 pitches and SILENCE
INPUTS = 130
SHAPE = DataShape(
    inputs=INPUTS,
    outputs=OUTPUTS,
    layout=VoiceLayout(voices=len(VOICES), pitches=SILENCE),
)
IDS = np.dtype(np.int16)
TOLERANCE = 1e-6  # in 16ths: rounding error of sums of triplets


class Note(NamedTuple):
    """A note; times in 16ths from the start of the piece, not yet rounded to the grid."""

    onset: float
    end: float
    pitch: int


def to_grid(voices: Sequence[Iterable[Note]], length: float) -> np.ndarray:
    """Convert the notes of the four voices to a grid (time, voice) of `length` 16ths.

    Times are rounded to the nearest 16th, halves up; a note that rounds to no length is dropped.
    Of simultaneous notes of a voice the highest is kept, in the bass the lowest.
    """
    grid = np.full((_nearest(length), len(VOICES)), SILENCE, IDS)
    for column, notes in enumerate(voices):
        bass = column == len(VOICES) - 1
        for note in sorted(notes, key=lambda note: note.pitch, reverse=bass):
            grid[_nearest(note.onset) : _nearest(note.end), column] = note.pitch
    return grid


def to_ids(grid: np.ndarray) -> np.ndarray:
    """Encode a grid (time, voice) as ids (1 + 4 * time,)."""
    return np.concatenate([[START], grid.reshape(-1)]).astype(IDS)


def from_ids(ids: np.ndarray) -> np.ndarray:
    """Decode ids (1 + 4 * time,) to a grid (time, voice): the inverse of `to_ids`.

    Raises DataError if START is not the first id or occurs again, if an id is neither a pitch nor
    SILENCE, or if the last chord is incomplete.
    """
    tokens = checked(ids, START)
    if len(tokens) % len(VOICES):
        raise DataError(
            f"music ids: {len(tokens)} ids after START do not fill chords of {len(VOICES)}; "
            "cut the last chord off or complete it"
        )
    return tokens.reshape(-1, len(VOICES)).astype(IDS)


def onsets(grid: np.ndarray) -> np.ndarray:
    """Mark where a voice moves to another pitch, (time, voice), but not to a rest.

    The first 16th counts; a repeated note does not: a grid cannot distinguish it from a held one.
    """
    before = np.concatenate([np.full((1, len(VOICES)), SILENCE, grid.dtype), grid[:-1]])
    return (grid != before) & (grid != SILENCE)


def pitches(ids: np.ndarray) -> np.ndarray:
    """Return the pitches in ids, without SILENCE and START."""
    return ids[ids < SILENCE]


def transposed(ids: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose ids; the caller keeps pitches in range."""
    return np.where(ids < SILENCE, ids + semitones, ids).astype(IDS)


def _nearest(time: float) -> int:
    return floor(time + 0.5 + TOLERANCE)

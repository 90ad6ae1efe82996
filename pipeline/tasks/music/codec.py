"""A piece as a grid of pitches, as ids for a network, and as MIDI.

The grid has one row per 16th note and one column per voice (soprano, alto, tenor, bass): the MIDI
pitch that sounds, or SILENCE. The ids are START and then the grid row by row, so S-A-T-B of the
first 16th, of the second, ... (Huang et al. 2018, section 4.1). A pitch that sounds on is written
again at each 16th; a grid does not tell a held note from a repeated one.
"""

import io
from collections.abc import Iterable, Sequence
from math import floor
from typing import NamedTuple

import numpy as np
import pretty_midi

from pipeline.errors import DataError

VOICES = ("soprano", "alto", "tenor", "bass")
SILENCE = 128
START = 129
OUTPUTS = 129  # 128 pitches and SILENCE
INPUTS = 130
IDS = np.dtype(np.int16)
SECONDS_PER_SIXTEENTH = 0.1875  # 80 quarter notes a minute

TOLERANCE = 1e-6  # of a 16th: the error of sums of triplets

_SIXTEENTHS_PER_QUARTER = 4
_CHOIR_AAHS = 52
_VELOCITY = 80


class Note(NamedTuple):
    """A sounding note; times in 16ths from the start of the piece, not yet on the grid."""

    onset: float
    end: float
    pitch: int


def to_grid(voices: Sequence[Iterable[Note]], length: float) -> np.ndarray:
    """Draw the notes of the four voices on a grid (time, voice) of `length` 16ths.

    Times are rounded to the nearest 16th, halves up; a note that rounds to no length vanishes.
    Where a voice is divided its highest note is kept, in the bass its lowest.
    """
    grid = np.full((_nearest(length), len(VOICES)), SILENCE, IDS)
    for column, notes in enumerate(voices):
        bass = column == len(VOICES) - 1
        for note in sorted(notes, key=lambda note: note.pitch, reverse=bass):
            grid[_nearest(note.onset) : _nearest(note.end), column] = note.pitch
    return grid


def to_ids(grid: np.ndarray) -> np.ndarray:
    """Turn a grid (time, voice) into ids (1 + 4 * time,)."""
    return np.concatenate([[START], grid.reshape(-1)]).astype(IDS)


def from_ids(ids: np.ndarray) -> np.ndarray:
    """Turn ids (1 + 4 * time,) back into a grid (time, voice): the inverse of `to_ids`.

    Raises DataError if START is not the first id or stands elsewhere too, if an id is no pitch and
    not SILENCE, or if the last chord is incomplete. Silence may stand anywhere.
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or len(ids) == 0 or ids[0] != START:
        raise DataError(f"music ids: the first id must be START = {START}; encode the piece again")
    wrong = np.flatnonzero((ids[1:] < 0) | (ids[1:] >= OUTPUTS))
    if len(wrong):
        at = int(wrong[0]) + 1
        raise DataError(
            f"music ids: id {ids[at]} at position {at} is not in 0..{OUTPUTS - 1}; "
            "START is the first id only"
        )
    if len(ids[1:]) % len(VOICES):
        raise DataError(
            f"music ids: {len(ids) - 1} ids after START do not fill chords of {len(VOICES)}; "
            "cut the last chord off or complete it"
        )
    return ids[1:].reshape(-1, len(VOICES)).astype(IDS)


def to_midi(grid: np.ndarray) -> bytes:
    """Write a grid (time, voice) as a MIDI file: a pitch that sounds on is one held note.

    One instrument per voice, SECONDS_PER_SIXTEENTH per row. Equal grids have equal bytes.
    """
    tempo = 60 / (SECONDS_PER_SIXTEENTH * _SIXTEENTHS_PER_QUARTER)
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    for name, column in zip(VOICES, grid.T, strict=True):
        instrument = pretty_midi.Instrument(_CHOIR_AAHS, name=name)
        for onset, end, pitch in _held(column):
            seconds = onset * SECONDS_PER_SIXTEENTH, end * SECONDS_PER_SIXTEENTH
            instrument.notes.append(pretty_midi.Note(_VELOCITY, pitch, *seconds))
        midi.instruments.append(instrument)
    file = io.BytesIO()
    midi.write(file)
    return file.getvalue()


def from_midi(content: bytes) -> np.ndarray:
    """Read a MIDI file with instruments named after the voices as a grid (time, voice).

    The inverse of `to_midi` up to silence at the end, which MIDI does not hold. A voice that is
    not in the file is silent. Raises DataError if the file cannot be read, holds no notes, or
    names an instrument otherwise.
    """
    try:
        midi = pretty_midi.PrettyMIDI(io.BytesIO(content))
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        raise DataError(f"MIDI file: cannot be read ({error}); give a standard MIDI file") from None
    voices: list[list[Note]] = [[] for _ in VOICES]
    for instrument in midi.instruments:
        if instrument.name.casefold() not in VOICES:
            raise DataError(
                f"MIDI file: instrument {instrument.name!r} is none of {', '.join(VOICES)}; "
                "rename or remove it"
            )
        voices[VOICES.index(instrument.name.casefold())] += [
            Note(note.start / SECONDS_PER_SIXTEENTH, note.end / SECONDS_PER_SIXTEENTH, note.pitch)
            for note in instrument.notes
        ]
    if not any(voices):
        raise DataError("MIDI file: it holds no notes; give a file with at least one")
    return to_grid(voices, max(note.end for notes in voices for note in notes))


def _held(column: np.ndarray) -> Iterable[Note]:
    """The notes of one voice: runs of the same pitch."""
    changes = np.flatnonzero(np.diff(column)) + 1
    edges = [0, *changes.tolist(), len(column)]
    for onset, end in zip(edges[:-1], edges[1:], strict=True):
        if onset < end and column[onset] != SILENCE:
            yield Note(onset, end, int(column[onset]))


def _nearest(time: float) -> int:
    return floor(time + 0.5 + TOLERANCE)

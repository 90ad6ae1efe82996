"""A melody as ids for a network: an id for each note and each rest, its pitch and its length.

A tune has one voice, so that a note is what follows the note before. With an id a note

- the notes of a tune, repeats included, fit into one context: pitch and length apart are twice as
  many ids, `events` at least three a note (it begins, time passes, it ends), and a `grid` has as
  many as the shortest note fits into a longer one, and cannot tell a repeated note from a held one;
- nats per id are nats per note, and a head that looks back at a motif looks at its notes;
- any sampled ids are a melody, and its intervals are read off.

What it costs: two lengths of a pitch share no embedding, so that what a network learns of one is
not known of the other. LENGTHS are those that are common in notation; pitches reach from a fifth
below the lowest string of a fiddle to two semitones above the highest note of the books, so that
tunes can be transposed. START is an input only.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from models.settings import DataShape, SequenceLayout
from pipeline.tasks.music.codec.ids import checked

STEPS_PER_QUARTER = 24  # a step is the unit of time
STEPS_PER_SECOND = 64  # 160 quarter notes a minute
LENGTHS = np.array([1, 2, 3, 4, 6, 8, 9, 12, 18, 24, 36, 48, 60, 72, 96, 120])  # in steps
LOWEST, HIGHEST = 48, 95  # MIDI pitches
SILENCE = HIGHEST + 1  # the pitch of a rest
REST = (SILENCE - LOWEST) * len(LENGTHS)  # of the shortest length; smaller ids are notes
OUTPUTS = REST + len(LENGTHS)
START = OUTPUTS
SHAPE = DataShape(inputs=OUTPUTS + 1, outputs=OUTPUTS, layout=SequenceLayout())
IDS = np.dtype(np.int16)


class Melody(NamedTuple):
    """Notes and rests one after the other, arrays (note,): pitch or SILENCE, and length in steps.

    Only those of a pitch from LOWEST to HIGHEST and a length in LENGTHS have an id.
    """

    pitch: np.ndarray
    length: np.ndarray


def melody_of(notes: Iterable[tuple[int, int, int]]) -> Melody:
    """Return the melody of notes (onset, end, pitch), times in steps, in any order.

    Of the notes that begin at once the highest counts, and a note ends where the next begins.
    """
    highest = {onset: (end, pitch) for onset, end, pitch in sorted(notes, key=_onset_and_pitch)}
    rows, now = [], 0
    for onset, following in pairwise([*highest, None]):
        end, pitch = highest[onset]
        if onset > now:
            rows.append((SILENCE, onset - now))
        now = end if following is None else min(end, following)
        rows.append((pitch, now - onset))
    return Melody(*np.array(rows, np.int64).reshape(-1, 2).T)


def nearest_lengths(length: np.ndarray) -> np.ndarray:
    """Return the nearest of LENGTHS (note,) to lengths in steps, of two the shorter."""
    return LENGTHS[np.abs(LENGTHS - length[:, None]).argmin(axis=1)]


def to_ids(melody: Melody) -> np.ndarray:
    """Encode a melody as ids (1 + note,)."""
    rows = (melody.pitch - LOWEST) * len(LENGTHS)
    return np.concatenate(([START], rows + np.searchsorted(LENGTHS, melody.length))).astype(IDS)


def from_ids(ids: np.ndarray) -> Melody:
    """Decode ids (1 + note,): the inverse of `to_ids`; DataError if START is not the first only."""
    row, length = np.divmod(checked(ids, START).astype(np.int64), len(LENGTHS))
    return Melody(LOWEST + row, LENGTHS[length])


def begins_note(ids: np.ndarray) -> np.ndarray:
    """Mark the ids of notes."""
    return ids < REST


def ends_of(ids: np.ndarray) -> np.ndarray:
    """Return the step (id,) at which each note or rest ends; START takes no time."""
    lengths = np.where(np.asarray(ids) == START, 0, LENGTHS[np.asarray(ids) % len(LENGTHS)])
    return np.cumsum(lengths)


def seconds_of(ids: np.ndarray) -> float:
    """Return the duration of ids in seconds."""
    return float(ends_of(ids)[-1]) / STEPS_PER_SECOND


def truncated(ids: np.ndarray, seconds: float) -> np.ndarray:
    """Return the ids (1 + note,) of the notes that end in the first `seconds`."""
    return ids[ends_of(ids) <= seconds * STEPS_PER_SECOND]


def pitches(ids: np.ndarray) -> np.ndarray:
    """Return the pitches of all notes."""
    return LOWEST + ids[ids < REST] // len(LENGTHS)


def transposed(ids: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose ids; the caller keeps pitches in range."""
    ids = np.asarray(ids)
    return np.where(ids < REST, ids + semitones * len(LENGTHS), ids).astype(IDS)


def _onset_and_pitch(note: tuple[int, int, int]) -> tuple[int, int]:
    onset, _, pitch = note
    return onset, pitch

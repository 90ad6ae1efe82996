"""Pieces as notes, for what is measured on both chorales and performances."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import events, grid, is_grid


class Notes(NamedTuple):
    """Notes, (note,) each: pitch and duration, in 16ths of a chorale or steps of a performance."""

    pitch: np.ndarray
    duration: np.ndarray


class Sounding(NamedTuple):
    """A note: when it sounds, in 16ths of a chorale or steps of a performance, and what tells it.

    `part` is its voice, 0 in a performance; `tokens` the positions of its ids, the first where it
    begins: each 16th of a pitch that sounds on, or its NOTE_ON.
    """

    onset: int
    end: int
    pitch: int
    part: int
    tokens: Sequence[int]


def sounding_notes(ids: np.ndarray, shape: DataShape) -> list[Sounding]:
    """The notes of a piece, ids (1 + token,), in the order in which their first ids stand."""
    if is_grid(shape):
        columns = enumerate(grid.from_ids(ids).T)
        notes = [note for voice, column in columns for note in _held(column, voice)]
    else:
        steps = events.steps_of(ids)
        began = {
            (int(steps[token]), int(ids[token])): token
            for token in np.flatnonzero(ids < events.NOTE_OFF).tolist()
        }
        notes = [
            Sounding(onset, end, pitch, 0, [began[onset, pitch]])
            for onset, end, pitch, _ in np.transpose(events.from_ids(ids).notes).tolist()
        ]
    return sorted(notes, key=lambda note: note.tokens[0])


def notes_of(ids: np.ndarray, shape: DataShape) -> Notes:
    """All notes of a piece, ids (1 + token,); on the grid a pitch that sounds on is one note."""
    notes = sounding_notes(ids, shape)
    return Notes(
        np.array([note.pitch for note in notes], np.int64),
        np.array([note.end - note.onset for note in notes], np.int64),
    )


def melodies_of(ids: np.ndarray, shape: DataShape) -> list[list[Sounding]]:
    """The lines of a piece, ids (1 + token,): its voices, or the highest keys of a performance.

    Of the keys that go down in the same step of a performance the highest is its melody.
    """
    notes = sounding_notes(ids, shape)
    if is_grid(shape):
        return [
            [note for note in notes if note.part == voice] for voice in range(shape.layout.voices)
        ]
    return [list({note.onset: note for note in sorted(notes, key=_by_height)}.values())]


def _by_height(note: Sounding) -> tuple[int, int]:
    return note.onset, note.pitch


def _held(column: np.ndarray, voice: int) -> Iterator[Sounding]:
    """The notes of one voice: runs of the same pitch."""
    voices = len(grid.VOICES)
    starts = np.flatnonzero(np.diff(column, prepend=-1)).tolist()
    for onset, end in zip(starts, [*starts, len(column)][1:], strict=True):
        if column[onset] != grid.SILENCE:
            tokens = range(1 + onset * voices + voice, 1 + end * voices, voices)
            yield Sounding(onset, end, int(column[onset]), voice, tokens)

"""The notes of pieces, of chorales and performances alike."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import events, grid, is_grid


class Notes(NamedTuple):
    """Pitches and durations (note,), in 16ths of a chorale or steps of a performance."""

    pitch: np.ndarray
    duration: np.ndarray


class Note(NamedTuple):
    """A note; times are in 16ths of a chorale or steps of a performance."""

    onset: int
    end: int
    pitch: int
    part: int  # voice, 0 in a performance
    tokens: Sequence[int]  # positions of its ids: all its 16ths, or its NOTE_ON


def sounding_notes(ids: np.ndarray, shape: DataShape) -> list[Note]:
    """Return the notes of a piece, ids (1 + token,), ordered by their first ids."""
    if is_grid(shape):
        columns = enumerate(grid.from_ids(ids).T)
        notes = [note for voice, column in columns for note in _voice_notes(column, voice)]
    else:
        steps = events.steps_of(ids)
        note_ons = {
            (int(steps[token]), int(ids[token])): token
            for token in np.flatnonzero(ids < events.NOTE_OFF).tolist()
        }
        notes = [
            Note(onset, end, pitch, 0, [note_ons[onset, pitch]])
            for onset, end, pitch, _ in np.transpose(events.from_ids(ids).notes).tolist()
        ]
    return sorted(notes, key=lambda note: note.tokens[0])


def notes_of(ids: np.ndarray, shape: DataShape) -> Notes:
    """Return all notes of a piece, ids (1 + token,); on the grid a held pitch is one note."""
    notes = sounding_notes(ids, shape)
    return Notes(
        np.array([note.pitch for note in notes], np.int64),
        np.array([note.end - note.onset for note in notes], np.int64),
    )


def melodies_of(ids: np.ndarray, shape: DataShape) -> list[list[Note]]:
    """Return the melodies of a piece, ids (1 + token,).

    They are the voices of a chorale; a performance has one: its highest note at each onset.
    """
    notes = sounding_notes(ids, shape)
    if is_grid(shape):
        return [
            [note for note in notes if note.part == voice] for voice in range(shape.layout.voices)
        ]
    return [list({note.onset: note for note in sorted(notes, key=_onset_and_pitch)}.values())]


def _onset_and_pitch(note: Note) -> tuple[int, int]:
    return note.onset, note.pitch


def _voice_notes(column: np.ndarray, voice: int) -> Iterator[Note]:
    """Yield the notes of a voice (time,): runs of equal pitches."""
    voices = len(grid.VOICES)
    starts = np.flatnonzero(np.diff(column, prepend=-1)).tolist()
    for onset, end in zip(starts, [*starts, len(column)][1:], strict=True):
        if column[onset] != grid.SILENCE:
            tokens = range(1 + onset * voices + voice, 1 + end * voices, voices)
            yield Note(onset, end, int(column[onset]), voice, tokens)

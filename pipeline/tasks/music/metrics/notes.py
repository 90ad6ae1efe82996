"""The notes of pieces, of chorales, performances and tunes alike."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import codec_of, events, grid, is_grid, melody


class Notes(NamedTuple):
    """Pitches and durations (note,), in 16ths of a chorale or steps of another piece."""

    pitch: np.ndarray
    duration: np.ndarray


class Note(NamedTuple):
    """A note; times are in 16ths of a chorale or steps of another piece."""

    onset: int
    end: int
    pitch: int
    part: int  # voice, 0 where there are none
    tokens: Sequence[int]  # positions of its ids: all its 16ths, or the one where it begins


def sounding_notes(ids: np.ndarray, shape: DataShape) -> list[Note]:
    """Return the notes of a piece, ids (1 + token,), ordered by their first ids."""
    notes_by_codec = {grid: _chorale_notes, events: _performance_notes, melody: _tune_notes}
    return sorted(notes_by_codec[codec_of(shape)](ids), key=lambda note: note.tokens[0])


def notes_of(ids: np.ndarray, shape: DataShape) -> Notes:
    """Return all notes of a piece, ids (1 + token,); on the grid a held pitch is one note."""
    notes = sounding_notes(ids, shape)
    return Notes(
        np.array([note.pitch for note in notes], np.int64),
        np.array([note.end - note.onset for note in notes], np.int64),
    )


def melodies_of(ids: np.ndarray, shape: DataShape) -> list[list[Note]]:
    """Return the melodies of a piece, ids (1 + token,).

    They are the voices of a chorale; another piece has one: its highest note at each onset.
    """
    notes = sounding_notes(ids, shape)
    if is_grid(shape):
        return [
            [note for note in notes if note.part == voice] for voice in range(shape.layout.voices)
        ]
    return [list({note.onset: note for note in sorted(notes, key=_onset_and_pitch)}.values())]


def _onset_and_pitch(note: Note) -> tuple[int, int]:
    return note.onset, note.pitch


def _chorale_notes(ids: np.ndarray) -> list[Note]:
    columns = enumerate(grid.from_ids(ids).T)
    return [note for voice, column in columns for note in _voice_notes(column, voice)]


def _performance_notes(ids: np.ndarray) -> list[Note]:
    steps = events.steps_of(ids)
    note_ons = {
        (int(steps[token]), int(ids[token])): token
        for token in np.flatnonzero(events.begins_note(ids)).tolist()
    }
    return [
        Note(onset, end, pitch, 0, [note_ons[onset, pitch]])
        for onset, end, pitch, _ in np.transpose(events.from_ids(ids).notes).tolist()
    ]


def _tune_notes(ids: np.ndarray) -> list[Note]:
    pitch, length = melody.from_ids(ids)
    ends = melody.ends_of(ids)[1:]
    return [
        Note(end - length[index], end, int(pitch[index]), 0, [index + 1])
        for index, end in enumerate(ends.tolist())
        if pitch[index] != melody.SILENCE
    ]


def _voice_notes(column: np.ndarray, voice: int) -> Iterator[Note]:
    """Yield the notes of a voice (time,): runs of equal pitches."""
    voices = len(grid.VOICES)
    starts = np.flatnonzero(np.diff(column, prepend=-1)).tolist()
    for onset, end in zip(starts, [*starts, len(column)][1:], strict=True):
        if column[onset] != grid.SILENCE:
            tokens = range(1 + onset * voices + voice, 1 + end * voices, voices)
            yield Note(onset, end, int(column[onset]), voice, tokens)

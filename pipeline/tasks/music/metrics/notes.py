"""Pieces as notes, for what is measured on both chorales and performances."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import events, grid, is_grid


class Notes(NamedTuple):
    """Notes, (note,) each: pitch and duration, in 16ths of a chorale or steps of a performance."""

    pitch: np.ndarray
    duration: np.ndarray


@dataclass(frozen=True)
class Melody:
    """The pitches of a line in their order, and the token at which each begins, (note,) each."""

    pitch: np.ndarray
    token: np.ndarray


def notes_of(ids: np.ndarray, shape: DataShape) -> Notes:
    """All notes of a piece, ids (1 + token,); on the grid a pitch that sounds on is one note."""
    if not is_grid(shape):
        notes = events.from_ids(ids).notes
        return Notes(notes.pitch, notes.end - notes.onset)
    voices = [_held(column) for column in grid.from_ids(ids).T]
    return Notes(*(np.concatenate(each) for each in zip(*voices, strict=True)))


def melodies_of(ids: np.ndarray, shape: DataShape) -> list[Melody]:
    """The lines of a piece, ids (1 + token,): its voices, or the highest keys of a performance.

    Of the keys that go down in the same step of a performance the highest is its melody.
    """
    if is_grid(shape):
        moved = grid.onsets(grid.from_ids(ids))
        pitches = ids[1:].reshape(-1, shape.voices)
        return [
            Melody(
                pitches[moved[:, voice], voice],
                1 + np.flatnonzero(moved[:, voice]) * shape.voices + voice,
            )
            for voice in range(shape.voices)
        ]
    token = np.flatnonzero(ids < events.NOTE_OFF)
    pitch, step = ids[token], events.steps_of(ids)[token]
    order = np.lexsort((-pitch, step))
    highest = order[np.diff(step[order], prepend=-1) > 0]
    return [Melody(pitch[highest].astype(np.int64), token[highest])]


def _held(column: np.ndarray) -> Notes:
    """The notes of one voice: runs of the same pitch."""
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    runs = Notes(column[starts].astype(np.int64), np.diff(starts, append=len(column)))
    return Notes(*(each[runs.pitch != grid.SILENCE] for each in runs))

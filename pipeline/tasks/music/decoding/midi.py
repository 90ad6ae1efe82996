"""Pieces as MIDI files: grids, where a held pitch is one note, performances, and melodies."""

import io
from collections.abc import Iterator

import numpy as np
import pretty_midi

from pipeline.tasks.music.codec import melody
from pipeline.tasks.music.codec.events import STEPS_PER_SECOND, Notes
from pipeline.tasks.music.codec.grid import SILENCE, VOICES, Note
from pipeline.tasks.music.codec.melody import Melody

SECONDS_PER_SIXTEENTH = 0.1875  # 80 quarter notes a minute

_SIXTEENTHS_PER_QUARTER = 4
_PIANO, _VIOLIN, _CHOIR_AAHS = 0, 40, 52
_VELOCITY = 80


def to_midi(grid: np.ndarray) -> bytes:
    """Convert a grid (time, voice) to a MIDI file with one instrument per voice.

    A row lasts SECONDS_PER_SIXTEENTH. Equal grids yield equal bytes.
    """
    tempo = 60 / (SECONDS_PER_SIXTEENTH * _SIXTEENTHS_PER_QUARTER)
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    for name, column in zip(VOICES, grid.T, strict=True):
        instrument = pretty_midi.Instrument(_CHOIR_AAHS, name=name)
        for onset, end, pitch in _voice_notes(column):
            seconds = onset * SECONDS_PER_SIXTEENTH, end * SECONDS_PER_SIXTEENTH
            instrument.notes.append(pretty_midi.Note(_VELOCITY, pitch, *seconds))
        midi.instruments.append(instrument)
    return _to_bytes(midi)


def notes_to_midi(notes: Notes) -> bytes:
    """Convert the notes of a performance to a MIDI file of one piano, with ticks of 10 ms."""
    midi = pretty_midi.PrettyMIDI(resolution=STEPS_PER_SECOND // 2, initial_tempo=120)
    piano = pretty_midi.Instrument(_PIANO, name="piano")
    for onset, end, pitch, velocity in zip(*(values.tolist() for values in notes), strict=True):
        seconds = onset / STEPS_PER_SECOND, end / STEPS_PER_SECOND
        piano.notes.append(pretty_midi.Note(velocity, pitch, *seconds))
    midi.instruments.append(piano)
    return _to_bytes(midi)


def melody_to_midi(tune: Melody) -> bytes:
    """Convert a melody to a MIDI file of one violin, with ticks of a step."""
    tempo = 60 * melody.STEPS_PER_SECOND / melody.STEPS_PER_QUARTER
    midi = pretty_midi.PrettyMIDI(resolution=melody.STEPS_PER_QUARTER, initial_tempo=tempo)
    violin = pretty_midi.Instrument(_VIOLIN, name="violin")
    ends = np.cumsum(tune.length)
    for pitch, onset, end in zip(tune.pitch, ends - tune.length, ends, strict=True):
        if pitch != melody.SILENCE:
            seconds = onset / melody.STEPS_PER_SECOND, end / melody.STEPS_PER_SECOND
            violin.notes.append(pretty_midi.Note(_VELOCITY, int(pitch), *seconds))
    midi.instruments.append(violin)
    return _to_bytes(midi)


def _to_bytes(midi: pretty_midi.PrettyMIDI) -> bytes:
    file = io.BytesIO()
    midi.write(file)
    return file.getvalue()


def _voice_notes(column: np.ndarray) -> Iterator[Note]:
    """Yield the notes of a voice (time,): runs of equal pitches."""
    edges = [0, *(np.flatnonzero(np.diff(column)) + 1).tolist(), len(column)]
    for onset, end in zip(edges[:-1], edges[1:], strict=True):
        if onset < end and column[onset] != SILENCE:
            yield Note(onset, end, int(column[onset]))

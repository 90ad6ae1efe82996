"""Pieces as MIDI files: grids, where a held pitch is one note, performances, and melodies."""

import io
from collections.abc import Iterator

import numpy as np
import pretty_midi
from mido.midifiles.meta import KeySignatureError

from pipeline.errors import DataError
from pipeline.tasks.music.codec import melody
from pipeline.tasks.music.codec.events import STEPS_PER_SECOND, Notes
from pipeline.tasks.music.codec.grid import SILENCE, VOICES, Note, to_grid
from pipeline.tasks.music.codec.melody import Melody

SECONDS_PER_SIXTEENTH = 0.1875  # 80 quarter notes a minute

_SIXTEENTHS_PER_QUARTER = 4
_PIANO, _VIOLIN, _CHOIR_AAHS = 0, 40, 52
_VELOCITY = 80
_NO_NOTES = "MIDI file: it has no notes; give a file with at least one"
# Raised by pretty_midi and mido for truncated or damaged files, or without a time division.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    ZeroDivisionError,
    KeySignatureError,
)


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


def from_midi(content: bytes) -> np.ndarray:
    """Read a MIDI file with instruments named after the voices as a grid (time, voice).

    Inverts `to_midi` up to silence at the end, which MIDI does not represent. A 16th is a quarter
    of a beat, whatever the tempo; voices that are not in the file are silent. A single instrument
    of any name is the soprano. Raises DataError if the file cannot be read, has no notes, or has
    several instruments and one of another name.
    """
    midi = _parsed(content)
    voices: list[list[Note]] = [[] for _ in VOICES]
    for instrument in midi.instruments:
        voice = instrument.name.casefold()
        if voice not in VOICES and len(midi.instruments) == 1:
            voice = VOICES[0]
        if voice not in VOICES:
            raise DataError(
                f"MIDI file: instrument {instrument.name!r} is none of {', '.join(VOICES)}; "
                "rename or remove it"
            )
        voices[VOICES.index(voice)] += [
            Note(_sixteenths(midi, note.start), _sixteenths(midi, note.end), note.pitch)
            for note in instrument.notes
        ]
    if not any(voices):
        raise DataError(_NO_NOTES)
    return to_grid(voices, max(note.end for notes in voices for note in notes))


def melody_from_midi(content: bytes) -> Melody:
    """Read a MIDI file as a melody: the highest note at each onset, of all instruments but drums.

    Inverts `melody_to_midi` up to rests at the end. A step is a 24th of a beat, whatever the tempo,
    and a length becomes the nearest that has an id, which moves all notes after it. Raises
    DataError if the file cannot be read, has no notes, or one out of range.
    """
    midi = _parsed(content)
    notes = [
        (_steps(midi, note.start), _steps(midi, note.end), note.pitch)
        for instrument in midi.instruments
        if not instrument.is_drum
        for note in instrument.notes
    ]
    if not notes:
        raise DataError(_NO_NOTES)
    for *_, pitch in notes:
        if not melody.LOWEST <= pitch <= melody.HIGHEST:
            raise DataError(
                f"MIDI file: pitch {pitch} is not in {melody.LOWEST}..{melody.HIGHEST}; "
                "transpose the notes by octaves"
            )
    pitch, length = melody.melody_of(notes)
    return Melody(pitch, melody.nearest_lengths(length))


def _parsed(content: bytes) -> pretty_midi.PrettyMIDI:
    """Parse a MIDI file; DataError if it cannot be read."""
    try:
        return pretty_midi.PrettyMIDI(io.BytesIO(content))
    except _UNREADABLE as error:
        reason = str(error) or "cut short"
        raise DataError(f"MIDI file: not readable ({reason}); give a standard MIDI file") from None


def _voice_notes(column: np.ndarray) -> Iterator[Note]:
    """Yield the notes of a voice (time,): runs of equal pitches."""
    edges = [0, *(np.flatnonzero(np.diff(column)) + 1).tolist(), len(column)]
    for onset, end in zip(edges[:-1], edges[1:], strict=True):
        if onset < end and column[onset] != SILENCE:
            yield Note(onset, end, int(column[onset]))


def _sixteenths(midi: pretty_midi.PrettyMIDI, seconds: float) -> float:
    return midi.time_to_tick(seconds) * _SIXTEENTHS_PER_QUARTER / midi.resolution


def _steps(midi: pretty_midi.PrettyMIDI, seconds: float) -> int:
    return round(midi.time_to_tick(seconds) * melody.STEPS_PER_QUARTER / midi.resolution)

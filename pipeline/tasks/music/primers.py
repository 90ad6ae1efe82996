"""Primers: MIDI files as the beginning of a piece, in the representation of a network.

They are read as the files of a data set are. Only events know a pedal; on a grid and in a melody
notes end where keys are let go.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from models.settings import DataShape
from pipeline.errors import DataError
from pipeline.tasks.music.codec import codec_of, events, grid, melody
from pipeline.tasks.music.command import MAX_SECONDS
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH
from pipeline.tasks.music.encoding.midi_file import (
    CHANNELS,
    MidiNotes,
    quarters_of,
    read_midi,
    read_notes,
)
from pipeline.tasks.music.encoding.midi_messages import MAX_BYTES, MidiError
from pipeline.tasks.music.encoding.midi_repairs import Repair

_SIXTEENTHS_PER_QUARTER = 4
_VOICE = re.compile(rf"(?<![a-z])({'|'.join(grid.VOICES)})(?![a-z])", re.IGNORECASE)


def read_primer(path: Path, shape: DataShape) -> tuple[np.ndarray, Counter[Repair]]:
    """Read the ids (1 + token,) of a primer from a MIDI file, and what was repaired.

    Raises DataError if the file does not fit the representation of the network.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    try:
        return primer_of(content, shape)
    except MidiError as error:
        raise DataError(f"{path}: {error}; give a MIDI file with notes of a keyboard") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def primer_of(content: bytes, shape: DataShape) -> tuple[np.ndarray, Counter[Repair]]:
    """Return the ids (1 + token,) of a MIDI file, and what was repaired.

    Raises MidiError if it is not read, and DataError if its notes do not fit the representation.
    """
    codec = codec_of(shape)
    if codec is events:
        notes, repairs = read_notes(content, MAX_SECONDS)
        return events.to_ids(notes), repairs
    midi = read_midi(content)
    ids, shown = _to_grid(midi) if codec is grid else _to_melody(midi)
    return ids, midi.repairs + Counter({Repair.HIDDEN: len(midi.onset) - shown})


def _to_grid(midi: MidiNotes) -> tuple[np.ndarray, int]:
    """Return the ids of a grid of four voices, and how many of the notes are seen on it.

    A part is a channel of a track, and its voice is a word of the track's name; a single part
    without such a name is the soprano, and a voice without a part is silent. A 16th is a quarter
    of a beat, whatever the tempo. Raises DataError if a part has no voice.
    """
    seconds = SECONDS_PER_SIXTEENTH * _SIXTEENTHS_PER_QUARTER
    onset, end = (
        quarters_of(ticks, midi, seconds) * _SIXTEENTHS_PER_QUARTER
        for ticks in (midi.onset, midi.end)
    )
    if end.max() * SECONDS_PER_SIXTEENTH > MAX_SECONDS:
        raise MidiError(f"longer than {MAX_SECONDS / 60:g} minutes")
    parts = np.unique(midi.part).tolist()
    voice_of = {part: _voice(midi.names[part // CHANNELS], len(parts)) for part in parts}
    voices: list[list[grid.Note]] = [[] for _ in grid.VOICES]
    rows = (each.tolist() for each in (midi.part, onset, end, midi.pitch))
    for part, *note in zip(*rows, strict=True):
        voices[voice_of[part]].append(grid.Note(*note))
    found = grid.to_grid(voices, end.max())
    shown = sum(
        _is_shown(note, found[:, voice]) for voice, notes in enumerate(voices) for note in notes
    )
    return grid.to_ids(found), shown


def _voice(name: str, parts: int) -> int:
    """Return the voice of a part of a track of this name, one of so many parts."""
    found = _VOICE.search(name)
    if found is None and parts > 1:
        raise DataError(
            f"instrument {name!r} is none of {', '.join(grid.VOICES)}; rename or remove it"
        )
    return grid.VOICES.index(found[1].casefold()) if found else 0


def _is_shown(note: grid.Note, column: np.ndarray) -> bool:
    """Whether a note has a 16th of its voice (time,)."""
    onset, end = np.floor(np.array([note.onset, note.end]) + 0.5 + grid.TOLERANCE).astype(int)
    return bool((column[onset:end] == note.pitch).any())


def _to_melody(midi: MidiNotes) -> tuple[np.ndarray, int]:
    """Return the ids of a melody, the highest note at each onset of all parts, and their number.

    A step is a 24th of a beat, whatever the tempo, and a length becomes the nearest that has an id,
    which moves all notes after it. Raises DataError if a pitch is out of range.
    """
    beyond = midi.pitch[(midi.pitch < melody.LOWEST) | (midi.pitch > melody.HIGHEST)]
    if len(beyond):
        raise DataError(
            f"pitch {beyond[0]} is not in {melody.LOWEST}..{melody.HIGHEST}; "
            "transpose the notes by octaves"
        )
    seconds = melody.STEPS_PER_QUARTER / melody.STEPS_PER_SECOND
    onset, end = (
        np.rint(quarters_of(ticks, midi, seconds) * melody.STEPS_PER_QUARTER).astype(np.int64)
        for ticks in (midi.onset, midi.end)
    )
    rows = (each.tolist() for each in (onset, end, midi.pitch))
    pitch, length = melody.melody_of(zip(*rows, strict=True))
    ids = melody.to_ids(melody.Melody(pitch, melody.nearest_lengths(length)))
    return ids, int((pitch != melody.SILENCE).sum())

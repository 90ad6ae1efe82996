"""The notes of a MIDI file, slowly: from mido's messages, one after the other."""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import mido
import numpy as np

from pipeline.tasks.music.encoding.midi_file import MidiNotes
from tests.tasks.music.midi_bytes import RESETS

DRUMS = 9


class Note(NamedTuple):
    """A note, times in ticks; `sounding` is its end under the pedal."""

    onset: int
    end: int
    sounding: int
    pitch: int
    velocity: int
    track: int
    channel: int


def rows_of(midi: MidiNotes) -> list[Note]:
    """Return what the pipeline read in the same form."""
    track, channel = np.divmod(midi.part, 16)
    columns = (midi.onset, midi.end, midi.sounding, midi.pitch, midi.velocity, track, channel)
    return sorted(map(Note, *(column.tolist() for column in columns)))


def notes_of(file: mido.MidiFile) -> list[Note]:
    """Return all notes but those of drums."""
    tracks = [list(_timed(track)) for track in file.tracks]
    moments = sorted((moment for track in tracks for moment in track), key=lambda moment: moment[0])
    controls = [(tick, control) for tick, each in moments for control in _controls(each)]
    keys = [
        Note(onset, end, end, pitch, velocity, number, channel)
        for number, track in enumerate(tracks)
        for (channel, pitch), strikes in _keys(track).items()
        for onset, end, velocity in _played(strikes, track[-1][0], _silences(controls, channel))
    ]
    moves, offs = defaultdict(list), defaultdict(list)
    for tick, each in controls:
        if each.control in (64, 121):
            moves[each.channel].append((tick, each.control == 64 and each.value >= 64))
        elif each.control == 120:
            offs[each.channel].append(tick)
    ends = [note.end for note in keys] + [tick for own in moves.values() for tick, _ in own]
    last = max(ends, default=0)
    return sorted(
        note._replace(sounding=_sounding(note, moves[note.channel], offs[note.channel], last))
        for note in keys
    )


def _timed(track: Iterable[mido.Message]) -> Iterator[tuple[int, mido.Message]]:
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def _controls(message: mido.Message) -> list[mido.Message]:
    """The changes of controllers that a message makes; a reset of the instrument makes many."""
    if message.type == "sysex" and bytes(message.data) + b"\xf7" in RESETS.values():
        return [
            mido.Message("control_change", channel=channel, control=control)
            for channel in range(16)
            for control in (120, 121)
        ]
    return [message] if message.type == "control_change" else []


def _keys(track: list[tuple[int, mido.Message]]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """The strikes (tick, velocity) of each key; a velocity of 0 lets go."""
    keys = defaultdict(list)
    for tick, each in track:
        if each.type in ("note_on", "note_off") and each.channel != DRUMS:
            velocity = each.velocity if each.type == "note_on" else 0
            keys[each.channel, each.note].append((tick, velocity))
    return keys


def _silences(controls: list[tuple[int, mido.Message]], channel: int) -> list[int]:
    return [
        tick
        for tick, each in controls
        if each.channel == channel and each.control in (120, 123, 124, 125, 126, 127)
    ]


def _played(
    strikes: list[tuple[int, int]], last: int, silences: list[int]
) -> Iterator[tuple[int, int, int]]:
    following = None
    for onset, off, velocity in matched(strikes):
        ends = [each for each in (off, following) if each is not None] or [last]
        ends += [silence for silence in silences if silence > onset]
        yield onset, min(ends), velocity
        following = onset


def matched(strikes: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int | None, int]]:
    """Yield onset, note-off or None, and velocity of the note-ons of a key, from the last."""
    used, sounding = [], 0
    for tick, velocity in strikes:
        if velocity or sounding:
            used.append((tick, velocity))
            sounding += 1 if velocity else -1
    ends: deque[int] = deque()
    for tick, velocity in reversed(used):
        if velocity:
            yield tick, ends.popleft() if ends else None, velocity
        else:
            ends.append(tick)


def _sounding(note: Note, moves: list[tuple[int, bool]], offs: list[int], last: int) -> int:
    """Where the note ends under a pedal that moves up or down, if no All Sound Off ends it."""
    end = note.end
    later = bisect_right(moves, end, key=lambda move: move[0])
    if later and moves[later - 1][1]:
        end = next((tick for tick, down in moves[later:] if not down), last)
    return min([end, *(tick for tick in offs if tick > note.onset)])

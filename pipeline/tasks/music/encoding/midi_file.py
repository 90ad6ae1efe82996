"""A MIDI file to notes: those of all channels but that of drums.

Notes sound as a receiver of the messages plays them (The Complete MIDI 1.0); all tracks play at
once. A note belongs to its track, channel and key. It ends with its note-off, where its key is
struck again, or where its channel is silenced: by All Sound Off (controller 120), All Notes Off
(123) or a change of mode (124 to 127), which is All Notes Off too.

The sustain pedal (controller 64) belongs to its channel, whichever track moves it and whatever
program sounds; Reset All Controllers (121) lets it go (RP-015). It holds the notes that end while
it is down, except from All Sound Off. Other pedals are not heard: published encodings of
performances (Oore et al. 2018) know this one.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.tasks.music.codec.events import Notes, playable, to_steps
from pipeline.tasks.music.encoding.midi_keys import NEVER, next_onsets, note_offs
from pipeline.tasks.music.encoding.midi_messages import (
    CHANNELS,
    CONTROL,
    NOTE_ON,
    RESET,
    SOUND_OFF,
    MidiError,
    Track,
    Unit,
    read_messages,
)
from pipeline.tasks.music.encoding.midi_repairs import Repair

_PITCHES = 128
_DRUMS = 9  # the channel, from 0
_SUSTAIN, _DOWN = 64, 64  # the pedal's controller, and the least value that is down
_NOTES_OFF = (SOUND_OFF, 123, 124, 125, 126, 127)
_USUAL_TEMPO = 500_000  # microseconds per quarter note, where the file says nothing


@dataclass(frozen=True)
class MidiNotes:
    """The notes of a file as arrays (note,), times in ticks.

    `end` is where a key is let go, `sounding` where the note ends under the sustain pedal.
    """

    onset: np.ndarray
    end: np.ndarray
    sounding: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    part: np.ndarray  # CHANNELS * track + channel
    names: list[str]  # of the tracks
    tempos: list[tuple[int, int]]  # ticks, and microseconds per quarter note from then on
    unit: Unit
    ticks_per_unit: float
    repairs: Counter[Repair]


def read_midi(content: bytes) -> MidiNotes:
    """Return the notes of a MIDI file; MidiError if it cannot be read or has none."""
    messages = read_messages(content)
    tracks, repairs = messages.tracks, messages.repairs
    if not tracks:
        raise MidiError("no notes")
    joined = _joined(tracks)
    key, onset, end, velocity = _notes(joined, np.array([track.end for track in tracks]), repairs)
    if not len(key):
        raise MidiError("no notes")
    part = key // _PITCHES
    return MidiNotes(
        onset,
        end,
        _sustained(onset, end, part % CHANNELS, joined),
        key % _PITCHES,
        velocity,
        part,
        [track.name for track in tracks],
        sorted((tempo for track in tracks for tempo in track.tempos), key=lambda tempo: tempo[0]),
        messages.unit,
        messages.ticks_per_unit,
        +repairs,
    )


def read_notes(content: bytes, max_seconds: float) -> tuple[Notes, Counter[Repair]]:
    """Return a MIDI file as a playable performance under its pedal, and its repairs.

    MidiError if it cannot be read, or is longer than `max_seconds`.
    """
    midi = read_midi(content)
    onset, end = seconds_of(midi.onset, midi), seconds_of(midi.sounding, midi)
    if end.max() > max_seconds:
        raise MidiError(f"longer than {max_seconds / 60:g} minutes")
    notes = playable(Notes(to_steps(onset), to_steps(end), midi.pitch, midi.velocity))
    merged = Counter({Repair.AT_ONCE: len(onset) - len(notes.onset)})
    return notes, midi.repairs + merged


class _Messages(NamedTuple):
    """The messages (message,) of all tracks: note-offs, note-ons and controls."""

    part: np.ndarray
    tick: np.ndarray
    status: np.ndarray
    number: np.ndarray
    value: np.ndarray

    def where(self, which: np.ndarray) -> "_Messages":
        return _Messages(*(column[which] for column in self))


def _joined(tracks: list[Track]) -> _Messages:
    columns = zip(*(track[:5] for track in tracks), strict=True)
    tick, status, channel, number, value = map(np.concatenate, columns)
    sizes = [len(track.tick) for track in tracks]
    part = np.repeat(np.arange(len(tracks)) * CHANNELS, sizes) + channel
    return _Messages(part, tick, status, number, value)


def _notes(
    messages: _Messages, ends: np.ndarray, repairs: Counter[Repair]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return key (_PITCHES * part + pitch), onset, end and velocity of the notes (note,).

    `ends` (track,) is where tracks end.
    """
    is_on = (messages.status == NOTE_ON) & (messages.value > 0)
    is_strike = messages.status <= NOTE_ON
    is_drum = messages.part % CHANNELS == _DRUMS
    repairs[Repair.DRUMS] += int((is_on & is_drum).sum())
    key = messages.part * _PITCHES + messages.number
    strikes = np.flatnonzero(is_strike & ~is_drum)
    strikes = strikes[np.argsort(key[strikes], kind="stable")]
    off, nothing_to_end = note_offs(key[strikes], messages.tick[strikes], is_on[strikes])
    ons = strikes[is_on[strikes]]
    key, onset = key[ons], messages.tick[ons]
    again = next_onsets(key, onset)
    end = np.minimum(off, again)
    is_endless = end == NEVER
    end[is_endless] = ends[messages.part[ons] // CHANNELS][is_endless]
    silence = _next(messages, _NOTES_OFF, onset, messages.part[ons] % CHANNELS)
    is_silenced = silence <= end
    repairs[Repair.NOTHING_TO_END] += nothing_to_end
    repairs[Repair.NEVER_ENDED] += int((is_endless & ~is_silenced).sum())
    is_again = (onset < again) & (again < off) & ~is_silenced
    repairs[Repair.STRUCK_AGAIN] += int(is_again.sum())
    return key, onset, np.minimum(end, silence), messages.value[ons]


def _next(
    messages: _Messages, controllers: tuple[int, ...], onset: np.ndarray, channel: np.ndarray
) -> np.ndarray:
    """Return when one of `controllers` next comes on the channel of each note, or NEVER."""
    found = np.full(len(onset), NEVER)
    which = (messages.status == CONTROL) & np.isin(messages.number, controllers)
    for each in np.unique(messages.part[which] % CHANNELS):
        ticks = np.sort(messages.tick[which & (messages.part % CHANNELS == each)])
        own = channel == each
        found[own] = np.append(ticks, NEVER)[np.searchsorted(ticks, onset[own], side="right")]
    return found


def _sustained(
    onset: np.ndarray, end: np.ndarray, channel: np.ndarray, messages: _Messages
) -> np.ndarray:
    """Return where notes (note,) end under the pedals of their channels.

    A pedal that is never let go holds until the last note ends and the last pedal moves.
    """
    moves = messages.where(
        (messages.status == CONTROL) & np.isin(messages.number, (_SUSTAIN, RESET))
    )
    moves = moves.where(np.argsort(moves.tick, kind="stable"))
    down = (moves.number == _SUSTAIN) & (moves.value >= _DOWN)
    last = max(int(end.max()), int(moves.tick[-1:].sum()))
    sounding = end.copy()
    for each in np.unique(channel):
        own, pedal = channel == each, moves.part % CHANNELS == each
        sounding[own] = extended(end[own], moves.tick[pedal], down[pedal], last)
    return np.minimum(sounding, _next(messages, (SOUND_OFF,), onset, channel))


def extended(ends: np.ndarray, moved: np.ndarray, down: np.ndarray, last: int) -> np.ndarray:
    """Return the ends of notes under a pedal that is `down` (or not) from each time of `moved` on.

    Movements come before the ends of notes of the same time. A pedal that is never let go holds
    until `last`.
    """
    if len(moved) == 0:
        return ends
    ups = np.append(np.flatnonzero(~down), len(moved))
    released = np.append(moved, last)[ups[np.searchsorted(ups, np.arange(len(moved)))]]
    state = np.searchsorted(moved, ends, side="right") - 1
    held = (state >= 0) & down[state]
    return np.where(held, released[state], ends)


def seconds_of(ticks: np.ndarray, midi: MidiNotes) -> np.ndarray:
    """Convert ticks to seconds, with all changes of tempo."""
    if midi.unit is Unit.SECOND:
        return ticks / midi.ticks_per_unit
    changes, tempo = np.array([(0, _USUAL_TEMPO), *midi.tempos], np.int64).T
    starts = changes.astype(np.float64)
    tick = tempo * 1e-6 / midi.ticks_per_unit
    passed = np.append(0.0, np.cumsum(np.diff(starts) * tick[:-1]))
    segment = np.searchsorted(starts, ticks, side="right") - 1
    return passed[segment] + (ticks - starts[segment]) * tick[segment]


def quarters_of(ticks: np.ndarray, midi: MidiNotes, seconds_per_quarter: float) -> np.ndarray:
    """Convert ticks to quarter notes, which last `seconds_per_quarter` where ticks are seconds."""
    quarters = ticks / midi.ticks_per_unit
    return quarters / seconds_per_quarter if midi.unit is Unit.SECOND else quarters

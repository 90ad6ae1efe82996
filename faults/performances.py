"""Performances as MIDI: broken ones, and ones with messages that are rare."""

from pathlib import Path
from random import Random

from faults.kinds import LOST, Found, named
from pipeline.encoding.records import Skipped
from pipeline.tasks.music.encoding.midi_files import find_midi
from pipeline.tasks.music.encoding.midi_messages import NOTE_ON, read_messages
from pipeline.tasks.music.encoding.midi_reader import MidiFile, Outcome, read_performances
from pipeline.tasks.music.encoding.midi_repairs import Repair
from pipeline.tasks.music.settings import PerformanceReader
from tests.tasks.music.midi_bytes import (
    RESETS,
    control,
    delta,
    exclusive,
    meta,
    midi,
    off,
    on,
    pedal,
    program,
    tempo,
)

_HOUR = 3600.0
_COUNTED = (Repair.DRUMS, Repair.AT_ONCE)  # notes that are struck and not among those read

ODD_MESSAGES = (
    *(control(64, value, channel) for value in (0, 63, 64, 127) for channel in (0, 1)),
    *(control(mode) for mode in (66, 120, 121, 123, 126)),
    program(5),
    meta(0x59, b"\x09\x03"),
    meta(0x05, b"la"),
    b"\xf0\x02\x10\xf7",
    *map(exclusive, RESETS.values()),
    b"\xf8",
)


def midi_files(raw: Path, random: Random, broken: int) -> None:
    """A folder of performances."""
    for name, content in named(broken, random, lambda: performance(random)):
        (raw / f"{name}.mid").write_bytes(content)


def altered_files(raw: Path, random: Random, broken: int) -> None:
    """A folder of performances with odd messages."""
    changed = named(broken, random, lambda: performance(random), lambda _, random: altered(random))
    for name, content in changed:
        (raw / f"{name}.mid").write_bytes(content)


def read_midi_files(raw: Path) -> Found:
    files = find_midi(raw, PerformanceReader.MIDI_FOLDER)
    outcomes = read_performances(files, 1, _HOUR)
    return {file.name.removesuffix(".mid"): _why_not(file, outcomes[file.name]) for file in files}


def _why_not(file: MidiFile, outcome: Outcome) -> str | None:
    """Why a file was skipped; LOST if notes are neither read nor counted."""
    if isinstance(outcome, Skipped):
        return outcome.reason
    struck = sum(
        int(((track.status == NOTE_ON) & (track.value > 0)).sum())
        for track in read_messages(file.content()).tracks
    )
    counted = sum(outcome.repairs[repair] for repair in _COUNTED)
    return None if outcome.notes + counted == struck else LOST


def performance(random: Random) -> bytes:
    events = [(0, tempo(random.randint(300_000, 900_000)))]
    for _ in range(random.randint(5, 60)):
        pitch = random.randint(21, 108)
        events += [(random.randint(0, 200), on(pitch, random.randint(1, 127)))]
        events += [(random.randint(0, 50), pedal(random.choice((0, 127))))]
        events += [(random.randint(1, 400), off(pitch))]
    return midi(events)


def altered(random: Random) -> bytes:
    """A performance with messages left out, repeated, exchanged and inserted."""
    events = []
    for _ in range(random.randint(5, 40)):
        channel, pitch = random.choice((0, 0, 0, 1, 9)), random.choice((60, 60, 62, 64))
        events.append((random.randint(0, 200), on(pitch, random.randint(1, 127), channel)))
        events.append((random.randint(0, 200), off(pitch, channel)))
    for _ in range(random.randint(1, 20)):
        at = random.randrange(len(events))
        match random.randrange(5):
            case 0 if len(events) > 2:
                del events[at]
            case 1:
                events.insert(at, events[random.randrange(len(events))])
            case 2:
                events[at] = events[at - 1]
            case 3 if events[at][1][0] < 0xA0:  # once more, with running status
                ticks, note = events[at]
                events[at] = (ticks, note + delta(random.randint(0, 99)) + note[1:3])
            case _:
                events.insert(at, (random.randint(0, 99), random.choice(ODD_MESSAGES)))
    middle = len(events) // 2
    return midi(events[:middle], events[middle:], kind=1)

"""What a MIDI file has wrong and is read all the same: what is counted, and told to the user."""

from collections import Counter
from enum import StrEnum


class Repair(StrEnum):
    """A kind of fault, and what is done about it."""

    TRACK_COUNT = "files with another number of tracks than their header says"
    AFTER_CHUNKS = "files with bytes after their last chunk, ignored"
    NO_END = "tracks without an end of track, ended with their last event"
    AFTER_END = "tracks with bytes after their end of track, ignored"
    LEFT_OUT = "status bytes left out after a meta or system event, taken from before it"
    SYSTEM = "system messages that do not belong into a file, ignored"
    TEMPO = "tempi of zero or cut short, ignored"
    NEVER_ENDED = "notes never ended, kept to the end of their track"
    STRUCK_AGAIN = "notes struck again before they ended, ended there"
    NOTHING_TO_END = "ends of notes that do not sound, ignored"
    AT_ONCE = "notes struck at once with another of their pitch, merged with it"
    HIDDEN = "notes behind another of their voice, or too short for its lengths, left out"
    DRUMS = "notes of the drums' channel, left out"


def told(repairs: Counter[Repair]) -> str:
    """Return the repairs and their counts as one line."""
    return "; ".join(f"{repair}: {count:,}" for repair, count in sorted(repairs.items()))

"""System exclusive messages of a MIDI file, of which one kind matters: a reset of the instrument.

GM System On (RP-003), that of GM level 2 (RP-024), GS Reset and XG System On bring an instrument
into the state in which it is switched on: nothing sounds, and no pedal is down.
"""

import re

_RESET = re.compile(
    rb"\x7e[\0-\x7f]\x09[\x01\x03]"  # General MIDI, any device: on, and level 2 on
    rb"|\x41[\0-\x7f]\x42\x12\x40\0\x7f\0\x41"  # Roland, any device; the last is a checksum
    rb"|\x43[\x10-\x1f]\x4c\0\0\x7e\0"  # Yamaha, any device
)
_START, _END = b"\xf0", b"\xf7"


class Exclusive:
    """Joins the events of a track that hold a message each, or packets of one (RP-001)."""

    def __init__(self) -> None:
        self._begun = b""

    def add(self, status: int, data: bytes) -> bytes:
        """Take an event of status F0 or F7; return the message that it ends, or b"".

        F0 begins a message. F7 goes on with one, or, where none is begun, holds any bytes: a whole
        message too. What is returned lacks F0 and F7.
        """
        if status == _START[0] or self._begun:
            self._begun = data if status == _START[0] else self._begun + data
        elif data.startswith(_START):
            self._begun = data[1:]
        if not self._begun.endswith(_END):
            return b""
        message, self._begun = self._begun[:-1], b""
        return message


def is_reset(message: bytes) -> bool:
    """Whether an exclusive message, without F0 and F7, resets the instrument."""
    return _RESET.fullmatch(message) is not None

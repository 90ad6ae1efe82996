"""Bytes of small MIDI files, also of those that a library would not write."""

import struct


def delta(ticks: int) -> bytes:
    """A time as a variable-length number."""
    digits = [ticks & 0x7F]
    while ticks := ticks >> 7:
        digits.append(ticks & 0x7F | 0x80)
    return bytes(reversed(digits))


def track(events: list[tuple[int, bytes]]) -> bytes:
    """A track chunk of events, each after so many ticks."""
    content = b"".join(delta(ticks) + event for ticks, event in events)
    content += b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(content)) + content


def midi(*tracks: list[tuple[int, bytes]], kind: int = 0, division: int = 480) -> bytes:
    """A MIDI file of some tracks; a quarter lasts half a second if no event says otherwise."""
    header = b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)
    return header + b"".join(map(track, tracks))


def on(pitch: int, velocity: int = 64, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, pitch, 0])


def pedal(value: int, channel: int = 0) -> bytes:
    return bytes([0xB0 | channel, 64, value])


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


SCALE = [event for pitch in (60, 62, 64, 65) for event in ((0, on(pitch)), (480, off(pitch)))]

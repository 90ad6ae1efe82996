"""Bytes of small MIDI files, also of those that a library would not write."""

import struct

END = (0, b"\xff\x2f\x00")


def delta(ticks: int) -> bytes:
    """A time as a variable-length number."""
    digits = [ticks & 0x7F]
    while ticks := ticks >> 7:
        digits.append(ticks & 0x7F | 0x80)
    return bytes(reversed(digits))


def track(events: list[tuple[int, bytes]]) -> bytes:
    """A track chunk of events, each after so many ticks; an end of track is added if it lacks."""
    if not events or not events[-1][1].startswith(END[1]):
        events = [*events, END]
    return chunk(b"MTrk", b"".join(delta(ticks) + event for ticks, event in events))


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">I", len(content)) + content


def header(tracks: int, kind: int, division: int) -> bytes:
    return chunk(b"MThd", struct.pack(">HHH", kind, tracks, division))


def midi(*tracks: list[tuple[int, bytes]], kind: int = 0, division: int = 480) -> bytes:
    """A MIDI file of some tracks; a quarter lasts half a second if no event says otherwise."""
    return header(len(tracks), kind, division) + b"".join(map(track, tracks))


def on(pitch: int, velocity: int = 64, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, pitch, 0])


def control(controller: int, value: int = 0, channel: int = 0) -> bytes:
    return bytes([0xB0 | channel, controller, value])


def pedal(value: int, channel: int = 0) -> bytes:
    return control(64, value, channel)


def program(number: int, channel: int = 0) -> bytes:
    return bytes([0xC0 | channel, number])


def meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + delta(len(data)) + data


def tempo(microseconds: int) -> bytes:
    return meta(0x51, microseconds.to_bytes(3, "big"))


def name(text: bytes) -> bytes:
    return meta(3, text)


def exclusive(message: bytes) -> bytes:
    """An event with a whole message, given without F0."""
    return b"\xf0" + delta(len(message)) + message


RESETS = {
    "GM": bytes.fromhex("7e 7f 09 01 f7"),
    "GM 2, device 5": bytes.fromhex("7e 05 09 03 f7"),
    "GS": bytes.fromhex("41 10 42 12 40 00 7f 00 41 f7"),
    "XG": bytes.fromhex("43 10 4c 00 00 7e 00 f7"),
}
SCALE = [event for pitch in (60, 62, 64, 65) for event in ((0, on(pitch)), (480, off(pitch)))]

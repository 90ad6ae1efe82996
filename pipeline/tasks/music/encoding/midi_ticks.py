"""The length of a MIDI file in ticks, of any size: symusic's 32 bits overflow."""

import re
from collections.abc import Iterator

_CHUNK = 8  # bytes of the name and the length of a chunk
_META, _SYSTEM = 0xFF, (0xF0, 0xF7)
_ONE_BYTE = (0xC0, 0xD0)  # program and pressure; other messages of a channel have two bytes of data
_LONG_WAIT = re.compile(
    rb"[\x80-\xff]{2,3}[\x00-\x7f]"
)  # a wait of three or four bytes, or like one
_OF_LONG_WAIT = 1 << 28  # ticks, fewer than so many
_OF_OTHER_BYTE = 1 << 13  # a wait of two bytes has fewer than 1 << 14, and its event another byte


def lasts_longer_than(content: bytes, ticks: int) -> bool:
    """Whether a track of a MIDI file is longer than `ticks`; what follows damage is not counted."""
    waits = len(_LONG_WAIT.findall(content))
    # Nearly all files are too short for that, whatever they hold, and are not parsed.
    if waits * _OF_LONG_WAIT + len(content) * _OF_OTHER_BYTE <= ticks:
        return False
    return any(ticks_of(track) > ticks for track in _tracks(content))


def ticks_of(track: bytes) -> int:
    """Sum the delta times of the events of a track, up to where it is damaged."""
    total = at = status = 0
    try:
        while at < len(track):
            wait, at = _number(track, at)
            total += wait
            if track[at] >= 0x80:
                status = track[at]
                at += 1
            if status == _META:
                at += 1  # its kind
            if status == _META or status in _SYSTEM:
                length, at = _number(track, at)
                at += length
            else:
                at += 1 if status & 0xF0 in _ONE_BYTE else 2
    except IndexError:
        pass  # cut within an event
    return total


def _number(track: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length quantity (at most four groups of 7 bits); return it and its end."""
    number = 0
    for last in range(at, at + 4):
        number = number << 7 | track[last] & 0x7F
        if track[last] < 0x80:
            break
    return number, last + 1


def _tracks(content: bytes) -> Iterator[bytes]:
    at = 0
    while at + _CHUNK <= len(content):
        start = at + _CHUNK
        at = start + int.from_bytes(content[at + 4 : start])
        if content.startswith(b"MTrk", start - _CHUNK):
            yield content[start:at]

"""A MIDI file as the messages of its tracks (Standard MIDI Files 1.0, RP-001).

What other programs write beside the standard is read where it has one meaning, and counted as a
Repair. Where bytes have no meaning, the file is refused: what follows them would be guessed.
"""

from array import array
from collections import Counter
from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np

from pipeline.encoding.records import RecordError
from pipeline.tasks.music.encoding.midi_exclusive import Exclusive, is_reset
from pipeline.tasks.music.encoding.midi_repairs import Repair

MAX_BYTES = 1 << 24  # the longest performance of MAESTRO has 0.6 MB
_HEADER_BYTES = 6  # type, number of tracks and division; more is legal, and ignored
_CHUNK = 8  # bytes of the name and the length of a chunk
_INDEPENDENT = 2  # the type whose tracks are pieces of their own
CHANNELS = 16
NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
SOUND_OFF, RESET = 120, 121  # controllers: All Sound Off, Reset All Controllers
_ONE_BYTE = 0xC0  # or 0xD0, program and pressure: one byte of data; other messages have two
_MOST = 0x7F  # of a byte that is no status, and that ends a variable-length quantity
_SYSTEM, _META, _EXCLUSIVE = 0xF0, 0xFF, (0xF0, 0xF7)  # the first of the system messages
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # of data; of the others none
_NAME, _INSTRUMENT, _END, _TEMPO = 0x03, 0x04, 0x2F, 0x51  # kinds of meta events
_TEMPO_BYTES = 3
# The rate of SMPTE that is called 29 is 30 frames a second with some numbers of frames dropped.
_FRAMES_PER_SECOND = {24: 24.0, 25: 25.0, 29: 30 / 1.001, 30: 30.0}
_LONGEST_NUMBER = 4  # bytes of a variable-length quantity
_RESETS = [
    (CONTROL | channel) << 16 | controller << 8
    for channel in range(CHANNELS)
    for controller in (SOUND_OFF, RESET)
]


class MidiError(RecordError):
    """Why a file is not read."""


class Unit(StrEnum):
    """What ticks are fractions of."""

    QUARTER = "quarter"  # a quarter note, whose length the tempo says
    SECOND = "second"  # times are frames of film, and tempi have no meaning


class Track(NamedTuple):
    """The messages of channels, arrays (message,) in the order of the file, and the rest of it.

    A reset of the whole instrument is All Sound Off and Reset All Controllers of each channel.
    """

    tick: np.ndarray
    status: np.ndarray  # NOTE_OFF, NOTE_ON, ..., without the channel
    channel: np.ndarray  # from 0
    number: np.ndarray  # the key or the controller
    value: np.ndarray
    name: str
    tempos: list[tuple[int, int]]  # ticks, and microseconds per quarter note from then on
    end: int  # in ticks


class MidiMessages(NamedTuple):
    """The tracks of a file."""

    unit: Unit
    ticks_per_unit: float
    tracks: list[Track]
    repairs: Counter[Repair]


class _Chunk(NamedTuple):
    name: bytes
    body: bytes
    is_whole: bool  # not cut by the end of the file


def read_messages(content: bytes) -> MidiMessages:
    """Read a MIDI file, which may be wrapped in a RIFF file (RMID); MidiError says why not."""
    if len(content) == 0:
        raise MidiError("empty")
    if len(content) > MAX_BYTES:
        raise MidiError(f"larger than {MAX_BYTES} bytes")
    if content.startswith(b"RIFF") and content[8:12] == b"RMID":
        found = {chunk.name: chunk.body for chunk in _chunks(content[12:], "little")}
        content = found.get(b"data", b"")
    if not content.startswith(b"MThd") or len(content) < _CHUNK + _HEADER_BYTES:
        raise MidiError("not a MIDI file")
    header, *chunks = _chunks(content, "big")
    count, unit, ticks_per_unit = _header(header)
    repairs: Counter[Repair] = Counter()
    tracks = [_track(chunk, repairs) for chunk in chunks if chunk.name == b"MTrk"]
    repairs[Repair.TRACK_COUNT] += len(tracks) != count
    repairs[Repair.AFTER_CHUNKS] += not chunks[-1].is_whole if chunks else False
    return MidiMessages(unit, ticks_per_unit, tracks, +repairs)


def _header(chunk: _Chunk) -> tuple[int, Unit, float]:
    """Return the number of tracks that a header says, and what a tick is."""
    if not chunk.is_whole or len(chunk.body) < _HEADER_BYTES:
        raise damaged()
    kind, count, division = (int.from_bytes(chunk.body[at : at + 2]) for at in (0, 2, 4))
    if kind == _INDEPENDENT:
        raise MidiError("a MIDI file of type 2, whose tracks are independent")
    unit, ticks_per_unit = Unit.QUARTER, float(division)
    if division >> 15:  # minus the rate, and the ticks of a frame
        rate, ticks = 256 - (division >> 8), division & 0xFF
        unit, ticks_per_unit = Unit.SECOND, _FRAMES_PER_SECOND.get(rate, 0.0) * ticks
    if kind > _INDEPENDENT or ticks_per_unit == 0:
        raise damaged()
    return count, unit, ticks_per_unit


def _chunks(content: bytes, order: Literal["big", "little"]) -> list[_Chunk]:
    """Return the chunks of a MIDI file, or those of a RIFF file, which begin at even bytes."""
    chunks, at = [], 0
    while at < len(content):
        start = at + _CHUNK
        end = start + int.from_bytes(content[at + 4 : start], order)
        is_whole = start <= len(content) and end <= len(content)
        chunks.append(_Chunk(content[at : at + 4], content[start:end], is_whole))
        at = end + end % 2 if order == "little" else end
    return chunks


def _track(chunk: _Chunk, repairs: Counter[Repair]) -> Track:
    if not chunk.is_whole:
        raise damaged()
    ticks, words, metas = _events(chunk.body, repairs)
    names: dict[int, str] = {}
    tempos = []
    for tick, kind, data in metas:
        if kind in (_NAME, _INSTRUMENT):
            names.setdefault(kind, _text(data))
        elif kind == _TEMPO:
            tempo = int.from_bytes(data[:_TEMPO_BYTES])
            is_tempo = len(data) >= _TEMPO_BYTES and tempo > 0
            tempos += [(tick, tempo)] * is_tempo
            repairs[Repair.TEMPO] += not is_tempo
    word = np.asarray(words)
    return Track(
        np.asarray(ticks),
        word >> 16 & 0xF0,
        word >> 16 & 0x0F,
        word >> 8 & 0x7F,
        word & 0x7F,
        names.get(_NAME) or names.get(_INSTRUMENT, ""),
        tempos,
        end=metas[-1][0],
    )


def _events(
    body: bytes, repairs: Counter[Repair]
) -> tuple[array, array, list[tuple[int, int, bytes]]]:
    """Return the messages of channels in a track, and its meta events, the last of which ends it.

    Messages are ticks, and words of 24 bits: status and two bytes of data. Those with one byte of
    data are left out. A meta event is its tick, its kind and its data. A status byte that is left
    out is that of the message before (running status).
    """
    ticks, words, metas, exclusive = array("q"), array("q"), [], Exclusive()
    tick = at = status = 0
    interrupted = False  # after the last message of a channel, which ends running status
    try:
        while at < len(body):
            wait = body[at]
            at += 1
            if wait > _MOST:
                wait, at = _number(body, at - 1)
            tick += wait
            number = body[at]
            at += 1
            if number >= _SYSTEM:
                kind, data, at = _system(body, at - 1)
                interrupted = True
                if number == _META:
                    metas.append((tick, kind, data))
                    if kind == _END:
                        repairs[Repair.AFTER_END] += at < len(body)
                        return ticks, words, metas
                elif number not in _EXCLUSIVE:
                    repairs[Repair.SYSTEM] += 1
                elif is_reset(exclusive.add(number, data)):
                    ticks.extend([tick] * len(_RESETS))
                    words.extend(_RESETS)
                continue
            if number > _MOST:
                status = number
                number = body[at]
                at += 1
            elif interrupted:
                repairs[Repair.LEFT_OUT] += 1
            interrupted = False
            if status & 0xE0 == _ONE_BYTE:
                value = 0
            else:
                value = body[at]
                at += 1
            if number > _MOST or value > _MOST or not status:
                raise damaged()
            ticks.append(tick)
            words.append(status << 16 | number << 8 | value)
    except IndexError:  # cut within an event
        raise damaged() from None
    repairs[Repair.NO_END] += 1
    return ticks, words, [*metas, (tick, _END, b"")]


def _system(body: bytes, at: int) -> tuple[int, bytes, int]:
    """Read a meta event or a system message; return its kind, its data, and where it ends."""
    status, kind = body[at], 0
    at += 1
    if status == _META:
        kind = body[at]
        at += 1
    if status == _META or status in _EXCLUSIVE:
        length, at = _number(body, at)
    else:
        length = _SYSTEM_BYTES.get(status, 0)
    end = at + length
    if end > len(body):
        raise damaged()
    return kind, body[at:end], end


def _number(body: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length quantity, 7 bits a byte; return it and where it ends."""
    number = 0
    for last in range(at, at + _LONGEST_NUMBER):
        number = number << 7 | body[last] & _MOST
        if body[last] <= _MOST:
            return number, last + 1
    raise damaged()


def _text(data: bytes) -> str:
    """Return a text, whose encoding files do not say."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def damaged() -> MidiError:
    """The error for bytes that have no meaning."""
    return MidiError("a damaged MIDI file")

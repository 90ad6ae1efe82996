import io

import mido
import pytest

from pipeline.tasks.music.encoding import midi_ticks
from pipeline.tasks.music.encoding.midi_file import read_notes
from pipeline.tasks.music.encoding.midi_ticks import lasts_longer_than, ticks_of
from tests.tasks.music.midi_bytes import SCALE, midi, off, on, pedal

NAME = b"\xff\x03\x0c" + "ピアノ a ".encode()[:12]
ODD_KEY = b"\xff\x59\x02\x63\x05"  # 99 sharps
SYSTEM = b"\xf0\x03\x7e\x7f\xf7"
PROGRAM, PRESSURE = b"\xc0\x05", b"\xd0\x40"
MIXED = [
    (5, NAME),
    (7, SYSTEM),
    (200, PROGRAM),
    (20_000, PRESSURE),
    (3_000_000, on(60)),
    (1, off(60)),
]


def track_of(content: bytes) -> bytes:
    return content[14 + 8 :]


def test_ticks_are_counted_past_texts_and_messages_of_every_length():
    content = midi(MIXED)
    assert ticks_of(track_of(content)) == 5 + 7 + 200 + 20_000 + 3_000_000 + 1
    (track,) = mido.MidiFile(file=io.BytesIO(content)).tracks
    assert ticks_of(track_of(content)) == sum(message.time for message in track)


def test_a_status_that_is_left_out_is_the_one_before():
    running = b"\x00\x90\x3c\x40" + b"\x0a\x3e\x40" + b"\x81\x00\x3c\x00" + b"\x0b\x3e\x00"
    assert ticks_of(running) == 10 + 128 + 11


def test_ticks_count_up_to_damage():
    track = track_of(midi(MIXED))
    counted = [ticks_of(track[:end]) for end in range(len(track) + 1)]
    assert counted[0] == 0 and counted == sorted(counted)
    assert ticks_of(b"\xff" * 10_000_000) < 2**31  # no number of ten million bytes


@pytest.mark.parametrize(("ticks", "longer"), [(3_020_212, True), (3_020_213, False)])
def test_the_longest_track_decides(ticks, longer):
    assert lasts_longer_than(midi(SCALE, MIXED, SCALE, kind=1), ticks) is longer


def test_files_that_cannot_be_so_long_are_not_counted(monkeypatch):
    monkeypatch.setattr(midi_ticks, "ticks_of", None)
    assert not lasts_longer_than(midi([*SCALE, (0x3FFF, pedal(0))] * 100), 2**31 - 1)


def test_what_mido_refuses_is_still_read():
    long = [(0x0FFFFFFF, pedal(0))] * 8
    content = midi([(0, NAME), (0, ODD_KEY), *SCALE], long, kind=1)
    assert len(read_notes(content, 3600.0).pitch) == len(SCALE) // 2

import io

import mido
import pytest

from pipeline.tasks.music.encoding.midi_messages import MidiError, Unit, read_messages
from pipeline.tasks.music.encoding.midi_repairs import Repair, told
from tests.tasks.music.midi_bytes import (
    SCALE,
    chunk,
    control,
    header,
    meta,
    midi,
    name,
    off,
    on,
    program,
    tempo,
    track,
)

SYSTEM = b"\xf0\x03\x7e\x7f\xf7"
MIXED = [
    (5, name("ピアノ a ".encode()[:12])),
    (7, SYSTEM),
    (200, program(5)),
    (20_000, b"\xd0\x40"),
    (3_000_000, on(60)),
    (0, control(7, 100)),
    (1, off(60)),
]


def rows(content: bytes) -> list[list[tuple[int, ...]]]:
    """Tick, status with channel, number and value of the messages of each track."""
    return [
        [
            (tick, status | channel, number, value)
            for tick, status, channel, number, value in zip(
                *(column.tolist() for column in track[:5]), strict=True
            )
        ]
        for track in read_messages(content).tracks
    ]


def repairs(content: bytes) -> dict[Repair, int]:
    return dict(read_messages(content).repairs)


def test_messages_past_texts_and_messages_of_every_length_are_those_of_mido():
    content = midi(MIXED, SCALE, kind=1)
    expected = []
    for each in mido.MidiFile(file=io.BytesIO(content)).tracks:
        tick, found = 0, []
        for message in each:
            tick += message.time
            if not message.is_meta and message.type != "sysex":
                found.append((tick, *(*message.bytes(), 0)[:3]))
        expected.append(found)
    assert rows(content) == expected
    assert read_messages(content).tracks[0].end == 3_020_213
    assert repairs(content) == {}


def test_a_status_that_is_left_out_is_the_one_before_also_after_a_meta_event():
    running = [(0, on(60)), (5, bytes([62, 40])), (7, bytes([60, 0]))]
    expected = [(0, 0x90, 60, 64), (5, 0x90, 62, 40), (12, 0x90, 60, 0)]
    assert rows(midi(running)) == [expected]
    assert repairs(midi(running)) == {}
    for event in (meta(5, "лирика".encode()), SYSTEM):
        lyrics = [running[0], (0, event), *running[1:]]
        assert rows(midi(lyrics)) == [expected]
        assert repairs(midi(lyrics)) == {Repair.LEFT_OUT: 1}


def test_one_byte_of_data_without_its_status():
    pressure = [(0, b"\xd3\x10"), (1, b"\x20"), (0, on(60)), (1, b"\xc3\x07"), (1, b"\x08")]
    assert rows(midi(pressure)) == [
        [(0, 0xD3, 16, 0), (1, 0xD3, 32, 0), (1, 0x90, 60, 64), (2, 0xC3, 7, 0), (3, 0xC3, 8, 0)]
    ]


def test_a_header_may_be_longer_and_foreign_chunks_are_passed_over():
    body = header(1, 0, 480)
    longer = chunk(b"MThd", body[8:] + b"more")
    content = longer + chunk(b"XFIH", b"anything") + track(SCALE)
    assert rows(content) == rows(midi(SCALE))
    assert repairs(content) == {}


@pytest.mark.parametrize("said", [0, 1, 3])
def test_the_tracks_of_the_file_count_not_those_that_its_header_says(said):
    content = header(said, 1, 480) + track(SCALE) + track(MIXED)
    assert rows(content) == rows(midi(SCALE, MIXED, kind=1))
    assert repairs(content) == {Repair.TRACK_COUNT: 1}


def test_what_stands_where_nothing_should_be_is_ignored_and_counted():
    whole = midi(SCALE)
    assert repairs(whole + b"\0\0\0") == {Repair.AFTER_CHUNKS: 1}
    assert rows(whole + b"\0\0\0") == rows(whole)
    after = header(1, 0, 480) + track([*SCALE, (0, meta(0x2F, b"") + b"\x00" + on(70))])
    assert repairs(after) == {Repair.AFTER_END: 1}
    assert rows(after) == rows(whole)
    endless = header(1, 0, 480) + chunk(b"MTrk", track(SCALE)[8:-4])
    assert repairs(endless) == {Repair.NO_END: 1}
    assert rows(endless) == rows(whole)
    assert read_messages(endless).tracks[0].end == 1920
    clock = midi([(0, b"\xf8"), (0, b"\xf2\x01\x02"), (0, b"\xf1\x03"), (0, b"\xfe"), *SCALE])
    assert repairs(clock) == {Repair.SYSTEM: 4}
    assert rows(clock) == rows(whole)


def test_tempi_that_are_none_are_ignored_and_longer_ones_are_read():
    events = [(0, tempo(0)), (4, meta(0x51, b"\x01\x02")), (4, meta(0x51, b"\x01\x02\x03\x04"))]
    content = midi([*events, *SCALE])
    assert read_messages(content).tracks[0].tempos == [(8, 0x010203)]
    assert repairs(content) == {Repair.TEMPO: 2}


def test_names_are_those_of_tracks_or_else_of_instruments_in_utf8_or_latin1():
    names = [
        [(0, meta(4, b"Piano")), (0, name(b"Sopran")), (0, name(b"x"))],
        [(0, meta(4, b"Piano"))],
        [(0, name("Ténor".encode()))],
        [(0, name("Ténor".encode("latin-1")))],
        [],
    ]
    found = [each.name for each in read_messages(midi(*names, kind=1)).tracks]
    assert found == ["Sopran", "Piano", "Ténor", "Ténor", ""]


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A RIFF file of the form RMID, chunks at even bytes."""
    body = b"".join(
        each + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
        for each, content in chunks
    )
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"RMID" + body


@pytest.mark.parametrize("before", [[], [(b"LIST", b"odd")]], ids=["alone", "after another"])
def test_a_midi_file_in_a_riff_file(before):
    assert rows(riff(*before, (b"data", midi(SCALE)))) == rows(midi(SCALE))


@pytest.mark.parametrize(
    ("division", "ticks"),
    [(0xE728, 1000.0), (0xE804, 96.0), (0xE350, 80 * 30 / 1.001), (0xE201, 30.0)],
)
def test_frames_of_film_are_seconds(division, ticks):
    found = read_messages(midi(SCALE, division=division))
    assert (found.unit, found.ticks_per_unit) == (Unit.SECOND, pytest.approx(ticks))


def with_body(body: bytes) -> bytes:
    return header(1, 0, 480) + chunk(b"MTrk", body)


REFUSED = {
    "nothing": (b"", "empty"),
    "a picture": (b"\x89PNG" * 40, "not a MIDI file"),
    "another RIFF file": (b"RIFF" + bytes(4) + b"WAVE" + bytes(40), "not a MIDI file"),
    "a RIFF file without data": (riff((b"LIST", b"none")), "not a MIDI file"),
    "a part of a header": (b"MThd\x00", "not a MIDI file"),
    "a short header": (chunk(b"MThd", bytes(5)) + track(SCALE), "a damaged MIDI file"),
    "a header of any length": (b"MThd\xff\xff\xff\xff" + midi(SCALE)[8:], "a damaged MIDI file"),
    "cut": (midi(SCALE)[:-9], "a damaged MIDI file"),
    "cut between two events": (midi(SCALE)[:-4], "a damaged MIDI file"),
    "no tracks' bytes": (b"MThd" + bytes(60), "a damaged MIDI file"),
    "of type 2": (midi(SCALE, kind=2), "a MIDI file of type 2"),
    "of type 3": (midi(SCALE, kind=3), "a damaged MIDI file"),
    "no ticks": (midi(SCALE, division=0), "a damaged MIDI file"),
    "no rate of film": (midi(SCALE, division=0x8028), "a damaged MIDI file"),
    "no ticks of a frame": (midi(SCALE, division=0xE700), "a damaged MIDI file"),
    "no status": (midi([(0, b"\x3c\x40")]), "a damaged MIDI file"),
    "a key above 127": (midi([(0, b"\x90\x80\x40")]), "a damaged MIDI file"),
    "a velocity above 127": (midi([(0, b"\x90\x40\x80")]), "a damaged MIDI file"),
    "a time of five bytes": (with_body(b"\x81\x80\x80\x80\x00" + on(60)), "a damaged MIDI file"),
    "a text beyond the track": (with_body(b"\x00\xff\x01\x7fabc"), "a damaged MIDI file"),
    "millions of bytes of time": (with_body(b"\xff" * 5_000_000), "a damaged MIDI file"),
    "cut within a time": (with_body(b"\x81"), "a damaged MIDI file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_meaning_is_refused(case):
    content, reason = REFUSED[case]
    with pytest.raises(MidiError, match=f"^{reason}"):
        read_messages(content)


def test_repairs_are_told_in_a_line():
    line = told(read_messages(midi([(0, tempo(0)), (0, b"\xf8"), (0, b"\xf8")])).repairs)
    assert line == (
        "system messages that do not belong into a file, ignored: 2; "
        "tempi of zero or cut short, ignored: 1"
    )

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.tasks.music.codec import events, grid, melody
from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.decoding.midi import to_midi
from pipeline.tasks.music.encoding.midi_messages import MidiError
from pipeline.tasks.music.encoding.midi_repairs import Repair
from pipeline.tasks.music.primers import primer_of, read_primer
from tests.tasks.music.midi_bytes import (
    END,
    SCALE,
    meta,
    midi,
    name,
    off,
    on,
    pedal,
    program,
    tempo,
)

CHORDS = np.array([[72, 67, 60, 48], [74, 69, 62, 50], [76, 71, 64, 52]])
NAMES = (b"Soprano", b"Alto", b"Tenor", b"Bass")


def chorale(
    names=NAMES, first: bytes | None = None, division: int = 480, ticks: int = 480
) -> bytes:
    """CHORDS of so many ticks, a track for each voice, after a track with the event `first`."""
    tracks = [[(0, first)] if first else []]
    for column, label in zip(CHORDS.T.tolist(), names, strict=True):
        strikes = [strike for pitch in column for strike in ((0, on(pitch)), (ticks, off(pitch)))]
        tracks.append([(0, name(label)), *strikes])
    return midi(*tracks, kind=1, division=division)


def rows(content: bytes) -> list[list[int]]:
    ids, _ = primer_of(content, grid.SHAPE)
    return grid.from_ids(ids).tolist()


def repairs(content: bytes) -> dict[Repair, int]:
    return dict(primer_of(content, grid.SHAPE)[1])


QUARTERS = np.repeat(CHORDS, 4, axis=0).tolist()
NAMED = {
    "plain": NAMES,
    "NUL at the end": [each + b"\0" for each in NAMES],
    "spaces": [b" " + each.upper() + b"  " for each in NAMES],
    "numbers": [each + b" 1" for each in NAMES],
    "numbers at once": [each + b"1" for each in NAMES],
    "numbers before": [b"%d. " % number + each for number, each in enumerate(NAMES)],
    "explained": [b"Choir: " + each + b" (solo)" for each in NAMES],
}


@pytest.mark.parametrize("case", NAMED)
def test_names_of_parts_may_say_more_than_the_voice(case):
    assert rows(chorale(NAMED[case])) == QUARTERS
    assert repairs(chorale(NAMED[case])) == {}


@pytest.mark.parametrize("key", [b"\xee\x01", b"\x00\x02", b"\x00\xff", b"\x63\x05", b"\x00"])
def test_the_key_signature_is_not_used_whatever_it_says(key):
    assert rows(chorale(first=meta(0x59, key))) == QUARTERS


def test_a_beat_is_that_of_the_file_at_any_tempo_and_resolution():
    assert rows(chorale(first=tempo(123_456))) == QUARTERS
    assert rows(chorale(division=96, ticks=96)) == QUARTERS


def test_in_frames_of_film_a_16th_lasts_as_in_what_is_composed():
    assert rows(chorale(division=0xE728, ticks=750)) == QUARTERS  # 0.75 s, four of 0.1875 s


def test_the_last_chord_may_be_held_to_the_end_of_its_tracks():
    held = [[(0, name(label)), (0, on(60)), (480, END[1])] for label in NAMES]
    assert rows(midi(*held, kind=1)) == [[60] * 4] * 4
    assert repairs(midi(*held, kind=1)) == {Repair.NEVER_ENDED: 4}


def test_a_key_struck_again_a_tick_before_it_is_let_go_sounds_on():
    strikes = [(480, on(60)), (1, off(60)), (479, off(60)), (0, on(62)), (480, off(62))]
    found = rows(midi([(0, name(b"melody")), (0, on(60)), *strikes]))
    assert [row[0] for row in found] == [60] * 8 + [62] * 4
    assert all(row[1:] == [SILENCE] * 3 for row in found)


def test_a_change_of_program_makes_no_second_part_and_the_pedal_is_not_heard():
    content = midi([(0, pedal(127)), *SCALE[:4], (0, program(3)), *SCALE[4:]])
    assert [row[0] for row in rows(content)] == np.repeat([60, 62, 64, 65], 4).tolist()


def test_a_part_alone_is_a_melody_unless_its_name_says_its_voice():
    alone = {label: rows(midi([(0, name(label)), *SCALE])) for label in (b"", b"piano", b"Alto")}
    assert alone[b""] == alone[b"piano"]
    assert [row[0] for row in alone[b""]] == [row[1] for row in alone[b"Alto"]]
    assert {row[0] for row in alone[b"Alto"]} == {SILENCE}


def test_notes_that_a_voice_cannot_show_are_counted():
    both = [(0, on(67)), (0, on(64)), (480, off(67)), (0, off(64)), (0, on(72)), (10, off(72))]
    assert [row[0] for row in rows(midi(both))] == [67] * 4
    assert repairs(midi(both)) == {Repair.HIDDEN: 2}  # under the highest, and of no 16th
    longer = midi([(0, on(67)), (0, on(64)), (480, off(67)), (480, off(64))])
    assert [row[0] for row in rows(longer)] == [67] * 4 + [64] * 4
    assert repairs(longer) == {}


def test_drums_are_no_part():
    drums = [(0, name(b"Drums")), (0, on(36, channel=9)), (9, off(36, channel=9))]
    assert rows(midi([(0, name(b"bass")), *SCALE], drums, kind=1))[0] == [SILENCE] * 3 + [60]
    assert repairs(midi(SCALE, drums, kind=1)) == {Repair.DRUMS: 1}


def test_lower_notes_of_a_melody_are_counted():
    content = midi([(0, on(60)), (0, on(67)), (480, off(60)), (0, off(67))])
    ids, found = primer_of(content, melody.SHAPE)
    assert melody.from_ids(ids).pitch.tolist() == [67]
    assert found == {Repair.HIDDEN: 1}


def test_a_performance_has_the_pedal_and_its_repairs():
    ids, found = primer_of(midi([(0, pedal(127)), (0, on(60)), (480, END[1])]), events.SHAPE)
    assert events.from_ids(ids).notes.end.tolist() == [50]
    assert found == {Repair.NEVER_ENDED: 1}


def test_a_grid_of_days_is_refused_at_any_tempo():
    content = midi([(0, tempo(1)), (0, on(60)), *[(0x0FFFFFFF, on(62, 0))] * 9, (0, off(60))])
    with pytest.raises(MidiError, match="longer than 60 minutes"):
        primer_of(content, grid.SHAPE)


REFUSED = {
    "nothing": (b"", "empty; give a MIDI file"),
    "no MIDI": (b"RIFF" * 50, "not a MIDI file"),
    "cut": (chorale()[:70], "a damaged MIDI file"),
    "of type 2": (midi(SCALE, kind=2), "a MIDI file of type 2, whose tracks are independent; give"),
    "silent": (to_midi(np.full((8, 4), SILENCE)), "no notes; give"),
    "another instrument": (
        chorale((*NAMES[:3], b"Bassoon")),
        "instrument 'Bassoon' is none of soprano, alto, tenor, bass; rename or remove it",
    ),
}


def test_a_primer_of_any_size_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "a.mid").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match="a.mid: larger than 16777216 bytes"):
        read_primer(tmp_path / "a.mid", grid.SHAPE)
    with pytest.raises(FileNotFoundError):
        read_primer(tmp_path / "none.mid", grid.SHAPE)


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_a_primer_is_refused_in_a_line(case, tmp_path):
    content, message = REFUSED[case]
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.mid: {message}"):
        read_primer(tmp_path / "a.mid", grid.SHAPE)

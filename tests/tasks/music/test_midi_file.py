import io

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.music.encoding.midi_file import extended, read_midi, read_notes
from pipeline.tasks.music.encoding.midi_messages import MidiError
from pipeline.tasks.music.encoding.midi_repairs import Repair
from tests.tasks.music import naive_midi
from tests.tasks.music.midi_bytes import (
    END,
    RESETS,
    SCALE,
    control,
    exclusive,
    midi,
    off,
    on,
    pedal,
    program,
    tempo,
)

HOUR = 3600.0


def rows(content: bytes, max_seconds: float = HOUR) -> list[tuple[int, ...]]:
    notes, _ = read_notes(content, max_seconds)
    return sorted(zip(*(each.tolist() for each in notes), strict=True))


def repairs(content: bytes) -> dict[Repair, int]:
    return dict(read_notes(content, HOUR)[1])


def test_onset_end_pitch_and_velocity():
    content = midi([(480, on(60, 80)), (240, on(64, 33)), (240, off(60)), (960, off(64))])
    assert rows(content) == [(50, 100, 60, 80), (75, 200, 64, 33)]


def test_a_tempo_counts_from_where_it_stands():
    content = midi(
        [(0, on(60)), (480, tempo(1_000_000)), (480, off(60)), (0, on(62)), (48, off(62))]
    )
    assert rows(content) == [(0, 150, 60, 64), (150, 160, 62, 64)]


def test_the_sustain_pedal_extends_notes_to_its_release():
    content = midi(
        [
            (0, on(60)),
            (96, pedal(64)),  # the least value that is down
            (96, off(60)),  # held
            (96, on(64)),
            (96, pedal(63)),  # up: 60 ends at 384 ticks; 64 is still down
            (96, off(64)),
        ]
    )
    assert rows(content) == [(0, 40, 60, 64), (30, 50, 64, 64)]


def test_a_note_that_ends_as_the_pedal_goes_up_is_not_held():
    content = midi([(0, pedal(127)), (0, on(60)), (480, pedal(0)), (0, off(60)), (480, pedal(127))])
    assert rows(content) == [(0, 50, 60, 64)]


def test_a_pedal_that_stays_down_holds_to_the_end():
    content = midi([(0, pedal(127)), *SCALE])
    assert {end for _, end, _, _ in rows(content)} == {200}


def test_the_pedal_belongs_to_its_channel_whichever_track_moves_it():
    left = [(0, pedal(127)), (0, on(40)), (480, off(40)), (480, pedal(0))]
    right = [(0, on(72)), (240, off(72))]
    assert rows(midi(left, right, kind=1)) == [(0, 100, 40, 64), (0, 100, 72, 64)]
    assert rows(midi(right, left, kind=1)) == rows(midi(left, right, kind=1))
    other = [(0, on(72, channel=1)), (240, off(72, channel=1))]
    assert rows(midi(left, other, kind=1)) == [(0, 25, 72, 64), (0, 100, 40, 64)]
    alone = [(120, pedal(127)), (600, pedal(0))]  # on a track without notes
    assert rows(midi(right, alone, kind=1)) == [(0, 75, 72, 64)]


def test_the_pedal_outlasts_a_change_of_program():
    first = [(0, program(0)), (0, pedal(127)), (0, on(60)), (240, off(60)), (240, program(48))]
    second = [(480, pedal(0)), (0, on(62)), (240, off(62)), (0, program(0))]
    content = midi([*first, *second, (0, on(64)), (96, off(64))])
    assert rows(content) == [(0, 100, 60, 64), (100, 125, 62, 64), (125, 135, 64, 64)]


def test_reset_all_controllers_lets_the_pedal_of_its_channel_go():
    held = [(0, pedal(127)), (0, on(60)), (240, off(60))]
    later = [(480, pedal(0))]
    assert rows(midi([*held, (240, control(121)), *later])) == [(0, 50, 60, 64)]
    assert rows(midi([*held, (240, control(121, channel=1)), *later])) == [(0, 100, 60, 64)]


@pytest.mark.parametrize("controller", [120, 123, 124, 125, 126, 127])
def test_modes_silence_the_notes_of_their_channel_in_all_tracks(controller):
    first = [(0, on(60)), (480, control(controller)), (0, on(62)), (480, off(62)), (480, off(60))]
    second = [(0, on(72)), (0, on(48, channel=1)), (960, off(72)), (0, off(48, channel=1))]
    content = midi(first, second, kind=1)
    assert rows(content) == [(0, 50, 60, 64), (0, 50, 72, 64), (0, 100, 48, 64), (50, 100, 62, 64)]
    assert repairs(content) == {}


@pytest.mark.parametrize(("controller", "end"), [(120, 75), (123, 125)])
def test_all_sound_off_cuts_what_the_pedal_holds_and_all_notes_off_does_not(controller, end):
    held = [(0, pedal(127)), (0, on(60)), (240, off(60)), (0, on(62))]
    content = midi([*held, (480, control(controller)), (480, pedal(0)), (0, off(62))])
    assert rows(content) == [(0, end, 60, 64), (25, end, 62, 64)]


IN_PACKETS = [(0, exclusive(RESETS["GS"][:4])), (0, b"\xf7\x06" + RESETS["GS"][4:])]
ESCAPED = [(0, b"\xf7\x06\xf0" + RESETS["GM"])]
EVENTS = {name: [(0, exclusive(message))] for name, message in RESETS.items()}


@pytest.mark.parametrize(
    "reset", [*EVENTS.values(), IN_PACKETS, ESCAPED], ids=[*EVENTS, "in packets", "escaped"]
)
def test_a_reset_of_the_instrument_ends_all_notes_and_lets_all_pedals_go(reset):
    first = [(0, pedal(127)), (0, on(60)), (240, off(60)), (240, on(62)), (480, off(62))]
    second = [(0, pedal(127, channel=3)), (0, on(72, channel=3))]
    second += [(480, on(74, channel=3)), (960, off(74, channel=3))]
    after = [(240, control(7, 90)), *reset, (240, on(76)), (240, off(76)), (480, END[1])]
    content = midi(first, second, after, kind=1)
    assert rows(content) == [
        (0, 25, 60, 64), (0, 25, 72, 64), (50, 75, 76, 64), (50, 100, 62, 64), (50, 150, 74, 64)
    ]  # fmt: skip


OTHERS = {
    "GM off": "7e 7f 09 02 f7",
    "another manufacturer": "42 10 4c 00 00 7e 00 f7",
    "a master volume": "7f 7f 04 01 00 7f f7",
    "a wrong checksum": "41 10 42 12 40 00 7f 00 40 f7",
    "no end": "7e 7f 09 01",
}


@pytest.mark.parametrize("message", OTHERS.values(), ids=OTHERS)
def test_other_exclusive_messages_are_not_heard(message):
    events = [(0, pedal(127)), (0, on(60)), (240, off(60)), (240, pedal(0))]
    content = midi([*events[:3], (0, exclusive(bytes.fromhex(message))), *events[3:]])
    assert rows(content) == rows(midi(events))


def test_keys_that_are_never_let_go_sound_to_the_end_of_their_track():
    content = midi([(0, on(59)), (480, off(59)), (0, on(70)), (960, END[1])], SCALE, kind=1)
    assert (50, 150, 70, 64) in rows(content)
    assert repairs(content) == {Repair.NEVER_ENDED: 1}


def test_a_mode_ends_what_is_never_let_go_without_a_repair():
    content = midi([(0, on(60)), (240, control(123)), (240, on(60)), (240, off(60))])
    assert rows(content) == [(0, 25, 60, 64), (50, 75, 60, 64)]
    assert repairs(content) == {}


def test_a_key_that_is_struck_again_was_let_go():
    content = midi([(0, on(60)), (480, on(60, 100)), (480, off(60)), (480, on(62)), (96, off(62))])
    assert rows(content) == [(0, 50, 60, 64), (50, 100, 60, 100), (150, 160, 62, 64)]
    assert repairs(content) == {Repair.STRUCK_AGAIN: 1}


def test_a_key_that_is_struck_again_a_tick_before_it_is_let_go_is_two_notes():
    content = midi([(0, on(60)), (480, on(60)), (1, off(60)), (479, off(60))])
    assert rows(content) == [(0, 50, 60, 64), (50, 100, 60, 64)]
    assert repairs(content) == {Repair.STRUCK_AGAIN: 1}


def test_voices_of_one_channel_may_have_the_same_pitch_in_two_tracks():
    content = midi([(0, on(60)), (960, off(60))], [(0, on(60)), (240, off(60))], kind=1)
    midi_notes = read_midi(content)
    assert sorted(zip(midi_notes.part.tolist(), midi_notes.end.tolist(), strict=True)) == [
        (0, 960), (16, 240)
    ]  # fmt: skip
    assert rows(content) == [(0, 100, 60, 64)]  # of a keyboard
    assert repairs(content) == {Repair.AT_ONCE: 1}


def test_note_offs_of_keys_that_do_not_sound_are_counted():
    content = midi([(0, off(60)), *SCALE, (0, off(60)), (0, off(60, channel=1))])
    assert rows(content) == rows(midi(SCALE))
    assert repairs(content) == {Repair.NOTHING_TO_END: 3}


def test_frames_of_film_have_no_tempo():
    content = midi([(0, tempo(123_456)), (100, on(60)), (500, off(60))], division=0xE728)
    assert rows(content) == [(10, 60, 60, 64)]


EVENT = st.one_of(
    st.builds(on, st.sampled_from([60, 62]), st.sampled_from([0, 50, 90]), st.sampled_from([0, 1])),
    st.builds(off, st.sampled_from([60, 62]), st.sampled_from([0, 1])),
    st.builds(control, st.sampled_from([64, 120, 121, 123, 7]), st.sampled_from([0, 90])),
    st.builds(program, st.integers(0, 9)),
    st.sampled_from([exclusive(RESETS["GM"]), exclusive(b"\x7e\xf7")]),
)
TRACK = st.lists(st.tuples(st.integers(0, 3), EVENT), max_size=25)


@given(st.lists(TRACK, min_size=1, max_size=3))
def test_any_messages_are_played_as_a_walk_along_them_finds(tracks):
    content = midi(*tracks, kind=1)
    expected = naive_midi.notes_of(mido.MidiFile(file=io.BytesIO(content)))
    if not expected:
        with pytest.raises(MidiError, match="no notes"):
            read_midi(content)
        return
    assert naive_midi.rows_of(read_midi(content)) == expected


@given(
    ends=st.lists(st.integers(0, 30), min_size=1, max_size=10),
    moves=st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=10),
)
def test_extended_equals_a_walk_along_the_pedal(ends, moves):
    moves = sorted(moves, key=lambda move: move[0])
    moved, down = np.array([at for at, _ in moves], int), np.array([d for _, d in moves], bool)
    last = 40
    expected = []
    for end in ends:
        before = [index for index, (at, _) in enumerate(moves) if at <= end]
        if not before or not moves[before[-1]][1]:
            expected.append(end)
            continue
        later = [at for at, is_down in moves[before[-1] :] if not is_down]
        expected.append(later[0] if later else last)
    assert extended(np.array(ends), moved, down, last).tolist() == expected


def test_drums_are_left_out_and_counted():
    both = [(0, on(60)), (0, on(36, channel=9)), (480, off(36, channel=9)), (0, off(60))]
    assert rows(midi(both)) == [(0, 50, 60, 64)]
    assert repairs(midi(both)) == {Repair.DRUMS: 1}


BILLIONS = [(0, on(60)), *[(0x0FFFFFFF, pedal(0))] * 40, (0, off(60))]
WRAPPED = [(0, on(60)), *[(0x0FFFFFFF, pedal(0))] * 16, (496, off(60))]  # 2 ** 32 + 480 ticks
REFUSED = {
    "nothing": (b"", "empty"),
    "cut": (midi(SCALE)[:-9], "a damaged MIDI file"),
    "no tracks": (midi(), "no notes"),
    "no notes": (midi([(0, pedal(1))]), "no notes"),
    "drums alone": (midi([(0, on(36, channel=9)), (48, off(36, channel=9))]), "no notes"),
    "billions of ticks": (midi(BILLIONS), "longer than 60 minutes"),
    "ticks that 32 bits lose": (midi(WRAPPED), "longer than 60 minutes"),
    "the same on the second track": (midi(SCALE, WRAPPED, kind=1), "longer than 60 minutes"),
    "a day": (midi([(0, on(60)), (240 * 480 * 60 * 12, off(60))]), "longer than 60 minutes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_performance_says_why(case):
    content, reason = REFUSED[case]
    with pytest.raises(MidiError, match=reason):
        read_notes(content, HOUR)

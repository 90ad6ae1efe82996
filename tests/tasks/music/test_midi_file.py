import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.music.encoding.midi_file import MidiError, extended, read_notes
from tests.tasks.music.midi_bytes import SCALE, midi, off, on, pedal, tempo

HOUR = 3600.0


def rows(content: bytes, max_seconds: float = HOUR) -> list[tuple[int, ...]]:
    notes = read_notes(content, max_seconds)
    return sorted(zip(*(each.tolist() for each in notes), strict=True))


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


def test_the_pedal_of_one_hand_holds_the_other_hand_too_unless_that_has_its_own():
    left = [(0, pedal(127)), (0, on(40)), (480, off(40)), (480, pedal(0))]
    right = [(0, on(72, channel=1)), (240, off(72, channel=1))]
    both = [(0, 100, 40, 64), (0, 100, 72, 64)]
    assert rows(midi(left, right, kind=1)) == both
    own = [*right, (0, pedal(0, channel=1))]
    assert rows(midi(left, own, kind=1)) == [(0, 25, 72, 64), both[0]]


@given(
    ends=st.lists(st.integers(0, 30), min_size=1, max_size=10),
    moves=st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=10),
)
def test_extended_equals_a_walk_along_the_pedal(ends, moves):
    moves = sorted(moves, key=lambda move: move[0])
    moved, down = np.array([at for at, _ in moves], int), np.array([d for _, d in moves], bool)
    last = max([*ends, *(at for at, _ in moves)])
    expected = []
    for end in ends:
        before = [index for index, (at, _) in enumerate(moves) if at <= end]
        if not before or not moves[before[-1]][1]:
            expected.append(end)
            continue
        later = [at for at, is_down in moves[before[-1] :] if not is_down]
        expected.append(later[0] if later else last)
    assert extended(np.array(ends), moved, down).tolist() == expected


def test_drums_are_left_out():
    both = [(0, on(60)), (0, on(36, channel=9)), (480, off(36, channel=9)), (0, off(60))]
    assert rows(midi(both)) == [(0, 50, 60, 64)]


BILLIONS = [(0, on(60)), *[(0x0FFFFFFF, pedal(0))] * 40, (0, off(60))]
WRAPPED = [(0, on(60)), *[(0x0FFFFFFF, pedal(0))] * 16, (496, off(60))]  # 2 ** 32 + 480 ticks
SLOWLY = [(0, on(60)), *[(0x1FFFFF, pedal(0))] * 2048, (2528, off(60))]  # as many, of shorter waits
REFUSED = {
    "nothing": (b"", "empty"),
    "a picture": (b"\x89PNG" * 40, "not a MIDI file"),
    "a part of a header": (b"MThd\x00", "not a MIDI file"),
    "cut": (midi(SCALE)[:-9], "a damaged MIDI file"),
    "no tracks' bytes": (b"MThd" + bytes(60), "a damaged MIDI file"),
    "of type 2": (midi(SCALE, kind=2), "a MIDI file of type 2"),
    "in frames": (midi(SCALE, division=0xE728), "times in frames of film"),
    "no ticks": (midi(SCALE, division=0), "a damaged MIDI file"),
    "no notes": (midi([(0, pedal(1))]), "no notes"),
    "drums alone": (midi([(0, on(36, channel=9)), (48, off(36, channel=9))]), "no notes"),
    "billions of ticks": (midi(BILLIONS), "longer than 2,147,483,647 ticks"),
    "ticks that 32 bits lose": (midi(WRAPPED), "longer than 2,147,483,647 ticks"),
    "the same in many waits": (midi(SLOWLY), "longer than 2,147,483,647 ticks"),
    "the same on the second track": (midi(SCALE, WRAPPED, kind=1), "longer than 2,147"),
    "a day": (midi([(0, on(60)), (240 * 480 * 60 * 12, off(60))]), "longer than 60 minutes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_performance_says_why(case):
    content, reason = REFUSED[case]
    with pytest.raises(MidiError, match=reason):
        read_notes(content, HOUR)

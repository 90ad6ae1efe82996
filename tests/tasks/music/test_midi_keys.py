import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.music.encoding.midi_keys import NEVER, next_onsets, note_offs
from tests.tasks.music.naive_midi import matched


def ends_of(text: str) -> tuple[list[int | None], int]:
    """The ticks of the note-offs of a key whose strikes are the letters, a tick each."""
    ons = np.array([letter == "n" for letter in text], bool)
    ends, alone = note_offs(np.zeros(len(text), int), np.arange(len(text)), ons)
    return [None if end == NEVER else end for end in ends.tolist()], alone


def test_note_offs_by_hand():
    assert ends_of("nfnf") == ([1, 3], 0)
    assert ends_of("nnff") == ([2, 3], 0)  # struck again just before it is let go
    assert ends_of("nnf") == ([None, 2], 0)  # struck again, never let go in between
    assert ends_of("nfn") == ([1, None], 0)  # never let go at the end
    assert ends_of("nff") == ([1], 1)
    assert ends_of("fnf") == ([2], 1)
    assert ends_of("nnfnnff") == ([None, 2, 5, 6], 0)
    assert ends_of("") == ([], 0)


@given(st.lists(st.lists(st.sampled_from([0, 1, 90]), max_size=12), max_size=5))
def test_note_offs_equal_a_walk_along_each_key(keys):
    velocity = np.array([each for key in keys for each in key], int)
    number = np.repeat(np.arange(len(keys)), [len(key) for key in keys])
    tick = np.arange(len(velocity)) * 3
    ends, alone = note_offs(number, tick, velocity > 0)
    expected = {}
    for key in range(len(keys)):
        strikes = zip(tick[number == key].tolist(), velocity[number == key].tolist(), strict=True)
        expected |= {onset: NEVER if end is None else end for onset, end, _ in matched(strikes)}
    assert dict(zip(tick[velocity > 0].tolist(), ends.tolist(), strict=True)) == expected
    ended = sum(end != NEVER for end in expected.values())
    assert alone == (velocity == 0).sum() - ended


def test_next_onsets_are_those_of_the_same_key():
    found = next_onsets(np.array([1, 1, 2, 3, 3]), np.array([5, 9, 1, 0, 0]))
    assert found.tolist() == [9, NEVER, NEVER, 0, NEVER]

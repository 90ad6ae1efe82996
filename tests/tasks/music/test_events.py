import io

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.tasks.music.codec.events import (
    OUTPUTS,
    START,
    Notes,
    from_ids,
    playable,
    seconds_of,
    stretched,
    to_ids,
    to_steps,
    transposed,
)
from pipeline.tasks.music.decoding.midi import notes_to_midi

NOTES = st.lists(
    st.tuples(
        st.integers(0, 400), st.integers(0, 300), st.integers(0, 127), st.integers(1, 127)
    ).map(lambda note: (note[0], note[0] + note[1], *note[2:])),
    max_size=30,
).map(Notes.of)
ANY_IDS = st.lists(st.integers(0, OUTPUTS - 1), max_size=200).map(lambda ids: [START, *ids])


def rows(notes: Notes) -> list[tuple[int, ...]]:
    return list(zip(*(each.tolist() for each in notes), strict=True))


def test_expected_ids_each_with_its_event():
    notes = Notes.of([(0, 50, 60, 80), (0, 50, 64, 80), (50, 300, 60, 83), (50, 300, 64, 40)])
    assert to_ids(notes).tolist() == [
        388,  # START
        376,  # VELOCITY 20: 80 to 83
        60,  # NOTE_ON C4
        64,  # NOTE_ON E4
        305,  # TIME_SHIFT 500 ms
        188,  # NOTE_OFF C4
        192,  # NOTE_OFF E4
        60,  # NOTE_ON C4, velocity still 20
        366,  # VELOCITY 10: 40 to 43
        64,  # NOTE_ON E4
        355,  # TIME_SHIFT 1 s
        355,  # TIME_SHIFT 1 s
        305,  # TIME_SHIFT 500 ms
        188,  # NOTE_OFF C4
        192,  # NOTE_OFF E4
    ]


def test_the_bounds_of_every_kind_of_event():
    notes = Notes.of([(1, 2, 0, 1), (102, 202, 127, 127)])
    assert to_ids(notes).tolist() == [
        388,  # START
        256,  # TIME_SHIFT 10 ms
        356,  # VELOCITY 0: 1 to 3
        0,  # NOTE_ON 0
        256,  # TIME_SHIFT 10 ms
        128,  # NOTE_OFF 0
        355,  # TIME_SHIFT 1 s
        387,  # VELOCITY 31: 124 to 127
        127,  # NOTE_ON 127
        355,  # TIME_SHIFT 1 s
        255,  # NOTE_OFF 127
    ]


def test_silence_has_no_events():
    assert to_ids(Notes.of([])).tolist() == [START]
    assert rows(from_ids([START]).notes) == []


@given(NOTES)
def test_encode_decode_encode_is_the_identity(notes):
    ids = to_ids(notes)
    decoded = from_ids(ids)
    assert np.array_equal(to_ids(decoded.notes), ids)
    assert (decoded.unmatched_offs, decoded.restruck, decoded.hanging) == (0, 0, 0)
    played = playable(notes)
    assert rows(decoded.notes) == [
        (onset, end, pitch, velocity // 4 * 4 + 2) for onset, end, pitch, velocity in rows(played)
    ]


@given(st.lists(st.floats(0.0, 4000.0), min_size=1, max_size=20))
def test_an_onset_is_at_most_5_ms_from_where_it_was(seconds):
    onsets = np.sort(seconds)
    steps = to_steps(onsets)
    notes = Notes(steps, steps + 10, np.arange(len(steps)), np.full(len(steps), 64))
    found = from_ids(to_ids(notes)).notes
    errors = onsets[found.pitch] - found.onset / 100
    assert np.abs(errors).max() <= 0.005 + 1e-9


@settings(max_examples=60, deadline=None)
@given(ANY_IDS)
def test_any_ids_are_a_performance_and_a_midi_file(ids):
    notes = from_ids(ids).notes
    assert np.array_equal(from_ids(to_ids(notes)).notes.onset, notes.onset)
    midi = pretty_midi.PrettyMIDI(io.BytesIO(notes_to_midi(notes)))
    read = midi.instruments[0].notes if midi.instruments else []
    steps = sorted((round(100 * n.start), round(100 * n.end), n.pitch, n.velocity) for n in read)
    assert steps == sorted(rows(notes))


ODD = {
    "a NOTE_OFF without its note": ([188], [], (1, 0, 0)),
    "a note without its NOTE_OFF": ([60, 275], [(0, 20, 60, 66)], (0, 0, 1)),
    "a note that begins at the very end": ([275, 60], [(20, 21, 60, 66)], (0, 0, 1)),
    "a NOTE_ON on a key that is down": (
        [60, 275, 60, 275, 188],
        [(0, 20, 60, 66), (20, 40, 60, 66)],
        (0, 1, 0),
    ),
    "a key struck twice at once": ([60, 60, 275, 188], [(0, 20, 60, 66)], (0, 1, 0)),
    "a note of no length": ([60, 188, 275], [(0, 1, 60, 66)], (0, 0, 0)),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_no_plain_performance_is_defined_and_counted(case):
    ids, notes, counts = ODD[case]
    decoded = from_ids([START, *ids])
    assert rows(decoded.notes) == notes
    assert (decoded.unmatched_offs, decoded.restruck, decoded.hanging) == counts


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "first id must be START"),
        ([60], "first id must be START"),
        ([START, 60, START], "id 388 at position 2"),
        ([START, -1], "id -1 at position 1"),
    ],
)
def test_ids_that_are_no_events_are_refused(ids, message):
    with pytest.raises(DataError, match=message):
        from_ids(ids)


def test_another_key_and_tempo():
    ids = to_ids(Notes.of([(0, 100, 60, 64), (100, 250, 62, 64)]))
    moved = from_ids(transposed(ids, -3)).notes
    assert rows(moved) == [(0, 100, 57, 66), (100, 250, 59, 66)]
    slower = stretched(ids, 1.05)
    assert rows(from_ids(slower).notes) == [(0, 105, 60, 66), (105, 263, 62, 66)]
    assert slower[0] == START
    assert (seconds_of(ids), seconds_of(slower)) == (2.5, 2.63)


@given(NOTES)
def test_the_same_tempo_is_the_identity(notes):
    ids = to_ids(notes)
    assert np.array_equal(stretched(ids, 1.0), ids)


@given(NOTES, st.integers(-3, 3))
def test_transposition_moves_every_key_and_nothing_else(notes, semitones):
    kept = Notes(*(column[(notes.pitch >= 3) & (notes.pitch < 125)] for column in notes))
    ids = to_ids(kept)
    moved = transposed(ids, semitones)
    assert np.array_equal(transposed(moved, -semitones), ids)
    assert np.array_equal(np.flatnonzero(moved != ids), np.flatnonzero(semitones * (ids < 256)))

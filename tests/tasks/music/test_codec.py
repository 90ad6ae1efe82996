import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.errors import DataError
from pipeline.tasks.music.codec.grid import IDS, SILENCE, START, from_ids, onsets, to_ids

GRIDS = arrays(IDS, st.tuples(st.integers(0, 12), st.just(4)), elements=st.integers(0, SILENCE))


@given(GRIDS)
def test_grid_to_ids_and_back(grid):
    ids = to_ids(grid)
    assert ids.shape == (1 + grid.size,)
    assert np.array_equal(from_ids(ids), grid)
    assert np.array_equal(to_ids(from_ids(ids)), ids)


REFUSED = [
    ([], "the first id must be START"),
    ([60, 60, 60, 60], "the first id must be START"),
    ([START, 60, 60, 60, 60, START, 60, 60, 60], "id 129 at position 5 is not in 0..128"),
    ([START, 60, -1, 60, 60], "id -1 at position 2 is not in 0..128"),
    ([START, 60, 60, 60, 60, 60], "5 ids after START do not fill chords of 4"),
]


@pytest.mark.parametrize(("ids", "message"), REFUSED)
def test_ids_that_are_no_piece_are_refused(ids, message):
    with pytest.raises(DataError, match=message):
        from_ids(np.array(ids))


def test_silence_may_stand_anywhere():
    assert from_ids(np.array([START] + [SILENCE] * 8)).tolist() == [[SILENCE] * 4] * 2


def test_onsets_are_the_first_chord_and_what_moves_to_a_pitch():
    grid = np.array(
        [
            [72, 67, SILENCE, 48],  # the first 16th counts, but not its rest
            [72, 69, 60, SILENCE],  # held; moved; entered after a rest; stopped
            [72, 67, 60, 48],  # held; moved back; held; entered again on its old pitch
        ]
    )
    assert onsets(grid).tolist() == [
        [True, True, False, True],
        [False, True, True, False],
        [False, True, False, True],
    ]

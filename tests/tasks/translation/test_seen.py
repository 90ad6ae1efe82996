import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.translation.encoding.read import Pair
from pipeline.tasks.translation.encoding.seen import Seen, hashes


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=12))
def test_new_is_what_a_set_does_not_hold(batches):
    seen, naive = Seen(), set()
    for batch in batches:
        expected = []
        for number in batch:
            expected.append(number not in naive)
            naive.add(number)
        assert seen.add(np.array(batch, np.uint64)).tolist() == expected


def test_memory_is_eight_bytes_for_each_in_few_runs():
    seen = Seen()
    for start in range(0, 100_000, 1000):
        assert seen.add(np.arange(start, start + 1000, dtype=np.uint64)).all()
    assert sum(run.nbytes for run in seen._runs) == 800_000
    assert len(seen._runs) <= 5


def test_equal_pairs_have_equal_hashes_and_others_others():
    pairs = [Pair("a b", "c"), Pair("a", "b c"), Pair("a b", "c"), Pair("", "a bc")]
    found = hashes(pairs)
    assert found.dtype == np.uint64 and found[0] == found[2]
    assert len(set(found.tolist())) == 3
    assert hashes([]).shape == (0,)

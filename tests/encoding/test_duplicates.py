import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoding.duplicates import Seen, digest


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


def test_a_digest_is_the_same_everywhere_and_has_64_bits():
    known = hashlib.blake2b(b"abc", digest_size=8).digest()
    assert digest(b"abc") == sum(byte << 8 * place for place, byte in enumerate(known))
    found = [digest(bytes([number, 0])) for number in range(256)]
    assert len(set(found)) == 256 and 2**60 < max(found) < 2**64
    assert np.array(found, np.uint64).tolist() == found

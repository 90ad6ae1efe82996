import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoding.near_duplicates import JaccardIndex, OverlapIndex, overlap

SIMILARITIES = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.75, 1.0])
TOKENS = st.frozensets(st.sampled_from("abcdefgh"), max_size=8)


@given(st.lists(TOKENS, max_size=6), TOKENS, SIMILARITIES)
def test_similar_sets_are_those_that_comparing_all_finds(indexed, tokens, similarity):
    index = JaccardIndex(similarity)
    index.add(indexed[:2])
    index.add(indexed[2:])
    expected = any(
        tokens & other and len(tokens & other) / len(tokens | other) >= similarity
        for other in indexed
    )
    assert index.has_similar(tokens) == expected


def test_a_similarity_at_the_limit_is_enough():
    index = JaccardIndex(0.7)
    index.add([frozenset("abcdefg")])
    assert index.has_similar(frozenset("abcdefghij"))  # 7 / 10
    assert not index.has_similar(frozenset("abcdefghijk"))  # 7 / 11
    index = JaccardIndex(0.2)
    index.add([frozenset("abc")])
    assert index.has_similar(frozenset("cde"))  # 1 / 5; 0.2 * 6 / 1.2 is above 1 in floating point
    assert not index.has_similar(frozenset("cdef"))  # 1 / 6


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("abcd", "abcd", 1.0), ("abcd", "cd", 1.0), ("abcd", "dxyz", 0.25), ("ab", "cd", 0.0)],
)
def test_the_overlap_is_the_share_of_the_smaller_set(first, second, expected):
    assert overlap(frozenset(first), frozenset(second)) == expected
    assert overlap(frozenset(second), frozenset(first)) == expected


def test_nothing_overlaps_with_an_empty_set():
    assert overlap(frozenset(), frozenset("ab")) == overlap(frozenset(), frozenset()) == 0.0


@given(st.lists(TOKENS, max_size=6), TOKENS)
def test_the_largest_overlap_is_the_one_that_comparing_all_finds(indexed, tokens):
    index = OverlapIndex()
    for name, other in zip("abcdef", indexed, strict=False):
        index.add(name, other)
    overlaps = zip((overlap(tokens, other) for other in indexed), "abcdef", strict=False)
    expected = max(overlaps, default=(0.0, ""))
    assert index.largest(tokens) == (expected if expected[0] else (0.0, ""))

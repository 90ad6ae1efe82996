from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.read import Pair
from pipeline.tasks.translation.encoding.twins import HeldOut, Twins, tokens

WORDS = st.frozensets(st.sampled_from("abcdefgh"), max_size=8)


def test_tokens_are_words_without_case_and_punctuation():
    assert tokens("The lamp's ON, the straße.") == {"the", "lamp", "s", "on", "strasse"}


@given(st.lists(WORDS, max_size=6), WORDS, st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.75, 1.0]))
def test_twins_are_those_that_comparing_all_finds(indexed, words, similarity):
    twins = Twins(similarity)
    twins.add(indexed[:2])
    twins.add(indexed[2:])
    expected = any(
        words & other and len(words & other) / len(words | other) >= similarity for other in indexed
    )
    assert twins.has(words) == expected


def test_similarity_at_the_limit_is_a_twin():
    held_out = HeldOut(0.7)
    held_out.add([Pair("a b c d e f g", "unrelated")])
    assert held_out.leak(Pair("a b c d e f g h i j", "anders")) is Reason.NEAR_TWIN  # 7 / 10
    assert held_out.leak(Pair("a b c d e f g h i j k", "anders")) is None  # 7 / 11


def test_leaks_are_found_in_both_languages():
    held_out = HeldOut(0.7)
    held_out.add([Pair("turn on the red lamp", "schalte die rote Lampe ein")])
    assert held_out.leak(Pair("turn on the red lamp", "anders")) is Reason.HELD_OUT_SOURCE
    assert held_out.leak(Pair("other", "schalte die rote Lampe ein")) is Reason.HELD_OUT_TARGET
    assert held_out.leak(Pair("schalte die rote Lampe ein", "x")) is Reason.HELD_OUT_SOURCE
    assert held_out.leak(Pair("Turn on the lamp!", "anders")) is Reason.NEAR_TWIN
    assert held_out.leak(Pair("other", "Schalte die Lampe ein!")) is Reason.NEAR_TWIN
    assert held_out.leak(Pair("turn off the blue fan", "schalte den Lüfter aus")) is None
    assert held_out.leak(Pair("!", "?")) is None

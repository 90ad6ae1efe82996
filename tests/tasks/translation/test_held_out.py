import pytest

from pipeline.encoding.words import tokens
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.held_out import HeldOut
from pipeline.tasks.translation.encoding.read import Pair


def test_tokens_are_words_without_case_and_punctuation():
    assert tokens("The lamp's ON, the straße.") == {"the", "lamp", "s", "on", "strasse"}


@pytest.fixture
def held_out() -> HeldOut:
    """Of one sentence."""
    held_out = HeldOut(0.7)
    held_out.add([Pair("turn on the red lamp", "schalte die rote Lampe ein")])
    return held_out


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("turn on the red lamp", "anders", Reason.HELD_OUT_SOURCE),
        ("other", "schalte die rote Lampe ein", Reason.HELD_OUT_TARGET),
        ("schalte die rote Lampe ein", "x", Reason.HELD_OUT_SOURCE),
        ("Turn on the lamp!", "anders", Reason.NEAR_DUPLICATE),  # 4 / 5
        ("other", "Schalte die Lampe ein!", Reason.NEAR_DUPLICATE),
        ("Turn on the blue lamp!", "anders", None),  # 4 / 6
        ("turn off the blue fan", "schalte den Lüfter aus", None),
        ("!", "?", None),
    ],
)
def test_leaks_are_found_in_both_languages(held_out, source, target, reason):
    assert held_out.leak(Pair(source, target)) is reason


def test_what_is_held_out_later_counts_too(held_out):
    fan = Pair("turn off the blue fan", "schalte den Lüfter aus")
    assert held_out.leak(fan) is None
    held_out.add([fan])
    assert held_out.leak(Pair("turn off the fan", "anders")) is Reason.NEAR_DUPLICATE
    assert held_out.leak(Pair("turn on the lamp", "anders")) is Reason.NEAR_DUPLICATE

import pytest

from pipeline.tasks.translation.encoding import clean
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.read import Pair


def test_tidy_strips_joins_white_space_and_composes():
    assert clean.tidy(Pair("  a \u00a0 b\t", "u\u0308ber\r\n \n x")) == ("a b", "über\n\nx")


def test_tidy_drops_byte_order_marks_and_what_has_no_width_at_the_ends():
    assert clean.tidy_text("\ufeffThe light.") == "The light."
    assert clean.tidy_text("\u200b \u2060a b \ufeff\n\u200b") == "a b"
    # Inside they tell where words end, as in Khmer; joiners change the letters beside them.
    assert clean.tidy_text("a\u200bb") == "a\u200bb"
    assert clean.tidy_text("می\u200cخواهم") == "می\u200cخواهم"


@pytest.mark.parametrize("text", ["", "\u200b\ufeff", " \u00ad\u200d ", "\u200e\u2067\n", "\u3164"])
def test_what_nobody_sees_is_empty(text):
    assert clean.tidy_text(text) == ""
    assert clean.flaw(clean.tidy(Pair(text, "eins")), max_words=2) == Reason.EMPTY


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (Pair("one two", "eins zwei"), None),
        (Pair("Lamp", "Lampe"), None),
        (Pair("", "eins"), Reason.EMPTY),
        (Pair("one", ""), Reason.EMPTY),
        (Pair("one\ntwo", "eins zwei"), Reason.SEVERAL_LINES),
        (Pair("one two three", "eins zwei"), Reason.TOO_LONG),
        (Pair("one two", "eins zwei drei"), Reason.TOO_LONG),
        (Pair("one two", "灯开"), None),
        (Pair("one two", "灯已开"), Reason.TOO_LONG),
    ],
)
def test_flaws(pair, reason):
    assert clean.flaw(pair, max_words=2) == reason


def test_a_sentence_is_untranslated_but_a_name_is_not(encoding):
    assert clean.untranslated(Pair("Border router capable", "Border router capable"), encoding)
    assert not clean.untranslated(Pair("Home Assistant", "Home Assistant"), encoding)
    assert not clean.untranslated(Pair("一二三四五六", "一二三四五六"), encoding)
    assert not clean.untranslated(Pair("Border router able", "Border-Router geht ja"), encoding)


def test_lengths_of_chinese_are_those_of_its_letters(encoding):
    of_test_length = clean.of_test_length(Pair("The lamp is on.", "灯已打开。"), encoding)
    assert of_test_length and not clean.of_test_length(Pair("The lamp is on.", "灯亮"), encoding)
    strict = encoding.model_copy(update={"max_length_ratio": 1.5})
    assert not clean.unequal(Pair("The new lamp is on.", "新灯已打开了"), strict)
    assert clean.unequal(Pair("Lamp on.", "新灯已打开"), strict)


def test_length_of_test_sentences_counts_in_both_languages(encoding):
    assert clean.of_test_length(Pair("a b c", "a b c d e f g h"), encoding)
    assert not clean.of_test_length(Pair("a b", "a b c"), encoding)
    assert not clean.of_test_length(Pair("a b c", "a b"), encoding)
    assert not clean.of_test_length(Pair("a b c", "a b c d e f g h i"), encoding)


@pytest.mark.parametrize(
    "text",
    [
        "of {name}",
        "see [help](x)",
        "the `code`",
        "**bold** it",
        "<b>bold</b>",
        "http://a",
        "[%key]",
    ],
)
def test_what_is_only_to_be_copied(text):
    assert clean.asks_to_copy(Pair("plain words", text))
    assert clean.asks_to_copy(Pair(text, "plain words"))


def test_plain_text_is_not_only_to_be_copied():
    plain = Pair("A (small) lamp, 10 % on; it's 5/6: why?", "„Lampe“ – 10 °C & mehr!")
    assert not clean.asks_to_copy(plain)

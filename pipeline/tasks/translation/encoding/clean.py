"""Which sentence pairs are fit for training, and which for a test set."""

import re
import unicodedata
from enum import StrEnum

import regex

from pipeline.encoding.words import count_words
from pipeline.tasks.translation.encoding.read import Pair
from pipeline.tasks.translation.settings import TranslationEncoding

# Copying these verbatim raises BLEU without translating anything.
_TO_COPY = re.compile(r"[{}<>`\[\]|\\]|\*\*|://")
_WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))  # ends with the ideographic
_NO_WIDTH = "\u200b\u2060\ufeff"
_INVISIBLE = regex.compile(r"[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]*")


class Reason(StrEnum):
    """Why a pair is dropped; the text is a key of the manifest."""

    EMPTY = "empty in one language"
    SEVERAL_LINES = "more than one line"
    TOO_LONG = "longer than max_words"
    UNTRANSLATED = "sentence left untranslated"
    UNEQUAL = "training: length ratio above max_length_ratio"
    TEST_LENGTH = "held out: outside min_test_words..max_test_words"
    TO_COPY = "held out: placeholder, markup or address"
    TEST_REPEATED = "held out: source seen before"
    TRAIN_REPEATED = "training: pair seen before"
    HELD_OUT_SOURCE = "source stands in a split held out before"
    HELD_OUT_TARGET = "target stands in a split held out before"
    NEAR_DUPLICATE = "near twin of a sentence held out before"


def tidy(pair: Pair) -> Pair:
    """Tidy both sides."""
    return Pair(*map(tidy_text, pair))


def flaw(pair: Pair, max_words: int) -> Reason | None:
    """Return what makes a tidy pair useless in any split, None if nothing does."""
    if not all(pair):
        return Reason.EMPTY
    if any("\n" in text for text in pair):
        return Reason.SEVERAL_LINES
    if max(words(pair)) > max_words:
        return Reason.TOO_LONG
    return None


def untranslated(pair: Pair, encoding: TranslationEncoding) -> bool:
    """Whether a sentence equals its translation; names of one or two words may well do so.

    Words are between spaces here: in scripts without them nothing tells a sentence from a name.
    """
    return pair.source == pair.target and len(pair.source.split()) >= encoding.min_test_words


def unequal(pair: Pair, encoding: TranslationEncoding) -> bool:
    """Whether the ratio of the sides' numbers of words is above `max_length_ratio`."""
    shorter, longer = sorted(words(pair))
    limit = encoding.max_length_ratio
    return limit is not None and longer > limit * shorter


def of_test_length(pair: Pair, encoding: TranslationEncoding) -> bool:
    """Whether both sides have a number of words that validation and test sets may have."""
    return all(encoding.min_test_words <= n <= encoding.max_test_words for n in words(pair))


def asks_to_copy(pair: Pair) -> bool:
    """Whether a side holds a placeholder such as {name}, markup, code or an address."""
    return any(_TO_COPY.search(text) for text in pair)


def words(pair: Pair) -> tuple[int, int]:
    """Count the words of each side; see `count_words`."""
    return count_words(pair.source), count_words(pair.target)


def tidy_text(text: str) -> str:
    """Compose characters (NFC) and reduce white space; what is left of line breaks stays.

    Byte order marks and spaces without width are dropped at both ends; a text that has nothing but
    invisible characters is empty.
    """
    if _INVISIBLE.fullmatch(text):
        return ""
    lines = unicodedata.normalize("NFC", text).strip(_WHITE_SPACE + _NO_WIDTH).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines)

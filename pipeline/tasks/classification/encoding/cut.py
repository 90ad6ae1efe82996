"""Pages cut into passages: paragraphs are joined until there are words enough to classify."""

import unicodedata
from collections.abc import Iterator, Sequence

from pipeline.encoding.words import count_words


def passages(paragraphs: Sequence[str], min_words: int) -> Iterator[str]:
    """Yield paragraphs joined to at least `min_words` words; the rest of a page may have fewer.

    Characters are composed (NFC), and white space is a single space.
    """
    joined: list[str] = []
    words = 0
    for paragraph in paragraphs:
        text = " ".join(unicodedata.normalize("NFC", paragraph).split())
        if not text:
            continue
        joined.append(text)
        words += count_words(text)
        if words >= min_words:
            yield " ".join(joined)
            joined, words = [], 0
    if joined:
        yield " ".join(joined)

"""Words of text in any script.

A word is what stands between spaces. Scripts that are written without spaces have no such words:
there each letter, with its marks, counts as one, as it does in sacreBLEU's tokenisation of Chinese.
"""

from collections.abc import Iterator
from itertools import chain, pairwise

import regex

# Written without spaces: those of which a dictionary alone can find the words (UAX #29, section 4),
# and ideographs. By extension, so that marks that several scripts share are among them.
_UNSPACED_SCRIPTS = (
    r"\p{scx=Bopo}\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Khmr}\p{scx=Lana}\p{scx=Laoo}"
    r"\p{scx=Mymr}\p{scx=Talu}\p{scx=Thai}\p{scx=Tibt}\p{scx=Yiii}"
)
_LETTER = rf"[[{_UNSPACED_SCRIPTS}]&&\p{{L}}]"
_BESIDE = r"[^\s\p{L}\p{N}]"  # punctuation and marks, which belong to the letter beside them

_UNSPACED = regex.compile(_LETTER, regex.VERSION1)
_WORD = regex.compile(rf"{_BESIDE}*{_LETTER}{_BESIDE}*|(?:(?!{_LETTER})\S)+", regex.VERSION1)
_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}_]+")
_RUN = regex.compile(rf"((?:{_LETTER}\p{{M}}*)+)|(?:(?!{_LETTER}).)+", regex.VERSION1)


def count_words(text: str) -> int:
    """Count the words of a text, and the letters of scripts without spaces."""
    if not _UNSPACED.search(text):
        return len(text.split())
    return len(_WORD.findall(text))


def tokens(text: str) -> frozenset[str]:
    """Return the words of a text without case and punctuation, to compare it with others.

    Of scripts without spaces they are pairs of neighbouring characters: single letters are shared
    by sentences that have nothing else in common.
    """
    found = _TOKEN.findall(text.casefold())
    if not _UNSPACED.search(text):
        return frozenset(found)
    return frozenset(chain.from_iterable(map(_pieces, found)))


def _pieces(token: str) -> Iterator[str]:
    """Yield pairs of the characters of each part without spaces, and the other parts whole."""
    for run in _RUN.finditer(token):
        if run[1] is None or len(run[1]) == 1:
            yield run[0]
        else:
            yield from map("".join, pairwise(run[1]))

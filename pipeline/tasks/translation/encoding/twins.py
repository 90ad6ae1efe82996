"""Finding the sentences that leak: those in, or nearly in, a split that was held out before."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.read import Pair

_TOKEN = re.compile(r"\w+")
_ROUNDING = 1e-9  # 0.7 * 10 must not be more than 7


def tokens(text: str) -> frozenset[str]:
    """Return the words of a sentence, without case and punctuation."""
    return frozenset(_TOKEN.findall(text.casefold()))


class HeldOut:
    """Held-out pairs: nothing learned from may equal one, or nearly equal one, in a language."""

    def __init__(self, similarity: float) -> None:
        self._texts: set[str] = set()
        self._languages = (Twins(similarity), Twins(similarity))

    def add(self, pairs: Sequence[Pair]) -> None:
        """Hold out these pairs too."""
        self._texts.update(text for pair in pairs for text in pair)
        for side, twins in enumerate(self._languages):
            twins.add(tokens(pair[side]) for pair in pairs)

    def leak(self, pair: Pair) -> Reason | None:
        """Say how `pair` would give a held-out pair away."""
        if pair.source in self._texts:
            return Reason.HELD_OUT_SOURCE
        if pair.target in self._texts:
            return Reason.HELD_OUT_TARGET
        if any(t.has(tokens(text)) for t, text in zip(self._languages, pair, strict=True)):
            return Reason.NEAR_TWIN
        return None


class Twins:
    """Sets of words, searched for one whose Jaccard similarity is at least `similarity`.

    Words are looked up by rarity. The first word that twins share leaves in both of them as many
    as they have to share: a common word, or one of a set of another size, leads to no candidate
    (Xiao et al. 2008).
    """

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._sets: list[frozenset[str]] = []
        self._counts: Counter[str] = Counter()  # in how many sets a word is
        # word -> size of a set, and how many of its words are not rarer -> sets
        self._index: dict[str, dict[tuple[int, int], list[frozenset[str]]]] = {}

    def add(self, sets: Iterable[frozenset[str]]) -> None:
        """Index more sets."""
        self._sets += sets
        self._counts = Counter(word for words in self._sets for word in words)
        self._index = {}
        for words in self._sets:
            for left, word in self._rarest(words):
                holders = self._index.setdefault(word, {})
                holders.setdefault((len(words), left), []).append(words)

    def has(self, words: frozenset[str]) -> bool:
        """Tell whether a set that shares a word with `words` is similar enough."""
        return any(
            len(words & other) >= needed
            for left, word in self._rarest(words)
            for (size, others_left), others in self._index.get(word, {}).items()
            if (needed := _needed(self._similarity, len(words), size)) <= min(left, others_left)
            for other in others
        )

    def _rarest(self, words: frozenset[str]) -> Iterator[tuple[int, str]]:
        """Yield the words by which a twin may be found, each with how many are left from it on."""
        # No set has less to share with these words than one whose words are all among them.
        least = max(1, math.ceil(self._similarity * len(words) - _ROUNDING))
        ordered = sorted(words, key=lambda word: (self._counts.get(word, 0), word))
        return zip(range(len(words), least - 1, -1), ordered, strict=False)


@cache
def _needed(similarity: float, first: int, second: int) -> int:
    """How many words two sets of these sizes share at least, if they are twins."""
    shared = similarity * (first + second) / (1 + similarity)
    return max(1, math.ceil(shared - _ROUNDING))

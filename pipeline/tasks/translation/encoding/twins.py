"""Finding the sentences that leak: those in, or nearly in, a split that was held out before."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable

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

    def add(self, pairs: Iterable[Pair]) -> None:
        """Hold out these pairs too."""
        for pair in pairs:
            self._texts.update(pair)
            for twins, text in zip(self._languages, pair, strict=True):
                twins.add(tokens(text))

    def leak(self, pair: Pair) -> Reason | None:
        """Say how `pair` would give a held-out pair away."""
        if any(text in self._texts for text in pair):
            return Reason.HELD_OUT
        if any(t.has(tokens(text)) for t, text in zip(self._languages, pair, strict=True)):
            return Reason.NEAR_TWIN
        return None


class Twins:
    """Sets of words, searched for one whose Jaccard similarity is at least `similarity`."""

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._sets: list[frozenset[str]] = []
        self._holders: defaultdict[str, list[int]] = defaultdict(list)  # word -> sets with it

    def add(self, words: frozenset[str]) -> None:
        """Index one more set."""
        for word in words:
            self._holders[word].append(len(self._sets))
        self._sets.append(words)

    def has(self, words: frozenset[str]) -> bool:
        """Tell whether a set that shares a word with `words` is similar enough.

        A twin shares at least `needed` of the words, hence one of any len(words) - needed + 1 of
        them: looking up the rarest ones finds every twin among few candidates.
        """
        needed = max(1, math.ceil(self._similarity * len(words) - _ROUNDING))
        rarest = sorted((self._holders.get(word, ()) for word in words), key=len)
        candidates = {index for holders in rarest[: len(words) - needed + 1] for index in holders}
        return any(self._similar(words, self._sets[index]) for index in candidates)

    def _similar(self, first: frozenset[str], second: frozenset[str]) -> bool:
        shared = len(first & second)
        union = len(first) + len(second) - shared
        return shared >= self._similarity * union - _ROUNDING

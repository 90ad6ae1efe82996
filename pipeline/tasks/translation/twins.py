"""Finding the sentences that leak: those in, or nearly in, a split that was held out before."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from pipeline.tasks.translation.clean import Reason
from pipeline.tasks.translation.read import Pair

_TOKEN = re.compile(r"\w+")


def tokens(text: str) -> frozenset[str]:
    """Return the words of a sentence, without case and punctuation."""
    return frozenset(_TOKEN.findall(text.casefold()))


class HeldOut:
    """Held-out pairs, indexed by source word.

    Two sources are near twins if the Jaccard similarity of their words is at least `similarity`.
    """

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._texts: set[str] = set()
        self._sets: list[frozenset[str]] = []
        self._with_token: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, pairs: Iterable[Pair]) -> None:
        """Hold out these pairs too."""
        for pair in pairs:
            self._texts.update(pair)
            words = tokens(pair.source)
            for token in words:
                self._with_token[token].append(len(self._sets))
            self._sets.append(words)

    def leak(self, pair: Pair) -> Reason | None:
        """Say how `pair` would give a held-out pair away."""
        if pair.source in self._texts or pair.target in self._texts:
            return Reason.HELD_OUT
        return Reason.NEAR_TWIN if self._has_twin(tokens(pair.source)) else None

    def _has_twin(self, words: frozenset[str]) -> bool:
        # A twin shares at least this many of the words, so it shares one of any `probes` of them:
        # the rarest are looked up.
        shared = max(1, math.ceil(self._similarity * len(words) - 1e-9))
        probes = len(words) - shared + 1
        postings = sorted((self._with_token.get(word, ()) for word in words), key=len)[:probes]
        candidates = Counter(index for posting in postings for index in posting)
        return any(self._similar(words, self._sets[index]) for index in candidates)

    def _similar(self, first: frozenset[str], second: frozenset[str]) -> bool:
        shared = len(first & second)
        return shared >= self._similarity * (len(first) + len(second) - shared) - 1e-9

"""Near-duplicates: examples whose sets of features (tokens, n-grams) are nearly the same."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Set
from functools import cache

_ROUNDING = 1e-9  # 0.7 * 10 must not be more than 7


def overlap(first: Set[Hashable], second: Set[Hashable]) -> float:
    """The overlap coefficient |A and B| / min(|A|, |B|); 0 if a set is empty.

    It is 1 for an excerpt and the whole, where the Jaccard similarity |A and B| / |A or B| is low.
    """
    return len(first & second) / max(min(len(first), len(second)), 1)


class OverlapIndex:
    """Named sets of features, searched for the one that overlaps most with another set."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._sizes: list[int] = []
        self._holders: dict[Hashable, list[int]] = {}  # feature -> sets

    def add(self, name: str, features: Set[Hashable]) -> None:
        """Index one more set."""
        for feature in features:
            self._holders.setdefault(feature, []).append(len(self._names))
        self._names.append(name)
        self._sizes.append(len(features))

    def largest(self, features: Set[Hashable]) -> tuple[float, str]:
        """Return the largest overlap coefficient and the name of its set, of equal ones the last.

        It is 0 and no name if no set shares a feature.
        """
        shared = Counter(
            holder for feature in features for holder in self._holders.get(feature, ())
        )
        overlaps = (
            (count / min(len(features), self._sizes[holder]), self._names[holder])
            for holder, count in shared.items()
        )
        return max(overlaps, default=(0.0, ""))


class JaccardIndex:
    """Sets of tokens, searched for one whose Jaccard similarity is at least `similarity`.

    Candidates are found by prefix filtering (Xiao et al. 2008): two sets that are similar enough
    share one of their rarest tokens, and the sets from that token on are long enough to hold all
    that both have to share.
    """

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._sets: list[frozenset[str]] = []
        self._counts: Counter[str] = Counter()  # in how many sets a token is
        # token -> (size of a set, number of its tokens from this one on, by rarity) -> sets
        self._index: dict[str, dict[tuple[int, int], list[frozenset[str]]]] = {}

    def add(self, sets: Iterable[frozenset[str]]) -> None:
        """Index more sets."""
        self._sets += sets
        self._counts = Counter(token for tokens in self._sets for token in tokens)
        self._index = {}
        for tokens in self._sets:
            for left, token in self._prefix(tokens):
                holders = self._index.setdefault(token, {})
                holders.setdefault((len(tokens), left), []).append(tokens)

    def has_similar(self, tokens: frozenset[str]) -> bool:
        """Whether an indexed set that shares a token with `tokens` is similar enough."""
        return any(
            len(tokens & other) >= needed
            for left, token in self._prefix(tokens)
            for (size, others_left), others in self._index.get(token, {}).items()
            if (needed := _needed(self._similarity, len(tokens), size)) <= min(left, others_left)
            for other in others
        )

    def _prefix(self, tokens: frozenset[str]) -> Iterator[tuple[int, str]]:
        """Yield the rarest tokens, one of which every similar set has, with how many are left."""
        # No set shares fewer of these tokens than one that consists of nothing else.
        least = max(1, math.ceil(self._similarity * len(tokens) - _ROUNDING))
        ordered = sorted(tokens, key=lambda token: (self._counts.get(token, 0), token))
        return zip(range(len(tokens), least - 1, -1), ordered, strict=False)


@cache
def _needed(similarity: float, first: int, second: int) -> int:
    """The least number of tokens that similar sets of these sizes share."""
    shared = similarity * (first + second) / (1 + similarity)
    return max(1, math.ceil(shared - _ROUNDING))

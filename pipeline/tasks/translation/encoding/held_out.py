"""Leaks into training: sentences that equal a held-out one, or nearly."""

from collections.abc import Sequence

from pipeline.encoding.near_duplicates import JaccardIndex
from pipeline.encoding.words import tokens
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.read import Pair


class HeldOut:
    """Held-out pairs: no later split may have one, or a near-duplicate, in either language."""

    def __init__(self, similarity: float) -> None:
        self._texts: set[str] = set()
        self._languages = (JaccardIndex(similarity), JaccardIndex(similarity))

    def add(self, pairs: Sequence[Pair]) -> None:
        """Hold out these pairs too."""
        self._texts.update(text for pair in pairs for text in pair)
        for side, index in enumerate(self._languages):
            index.add(tokens(pair[side]) for pair in pairs)

    def leak(self, pair: Pair) -> Reason | None:
        """Return the reason to drop `pair` if it is too close to a held-out one, else None."""
        if pair.source in self._texts:
            return Reason.HELD_OUT_SOURCE
        if pair.target in self._texts:
            return Reason.HELD_OUT_TARGET
        sides = zip(self._languages, pair, strict=True)
        if any(index.has_similar(tokens(text)) for index, text in sides):
            return Reason.NEAR_DUPLICATE
        return None

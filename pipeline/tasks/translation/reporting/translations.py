"""Translations for the page, evenly spaced over all scores instead of picked by hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from pipeline.errors import DataError


@dataclass(frozen=True)
class Pass:
    """What one pass of a network added to a translation."""

    text: str
    tokens: int  # the end of the translation is one

    @property
    def shade(self) -> int:
        """How strongly the text is shaded: the more tokens, the stronger."""
        return min(self.tokens, _SHADES)


@dataclass(frozen=True)
class Translation:
    """A test sentence with its reference and the translation of a network."""

    source: str
    reference: str
    hypothesis: str
    score: float  # length-normalised log probability
    passes: Sequence[Pass] = ()  # of blockwise decoding; none if each pass added a token

    @property
    def repeats(self) -> bool:
        """Whether three words in a row occur twice or more, as none in the reference do."""
        return _is_repetitive(self.hypothesis) and not _is_repetitive(self.reference)


_COLUMNS = ("source", "reference", "hypothesis", "score")
_SHADES = 4
_REPEATED = 0.01  # share of translations that repeat words, from which on it is told


def read_translations(samples: Path, split: str) -> list[Translation]:
    """Read a run's translations of a test set; DataError names the file and the line."""
    path = samples / f"{split}.jsonl"
    remedy = f"run `dvc repro decode@{samples.parent.name}`"
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {remedy}") from None
    translations = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            row = json.loads(line)
            translations.append(_translation(row))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise DataError(f"{path}: line {number}: {error}; {remedy}") from None
    if not translations:
        raise DataError(f"{path}: no translations; {remedy}")
    return translations


def _translation(row: dict[str, Any]) -> Translation:
    columns = [row[name] for name in _COLUMNS]
    passes = [Pass(each["text"], each["tokens"]) for each in row.get("passes", [])]
    return Translation(*columns, passes)


def spread(translations: list[Translation], count: int) -> list[Translation]:
    """Return `count` of them (or all), evenly spaced from the best to the worst score."""
    ranked = sorted(translations, key=lambda row: (-row.score, row.source, row.reference))
    count = min(count, len(ranked))
    if count == 1:
        return ranked[:1]
    return [ranked[index * (len(ranked) - 1) // (count - 1)] for index in range(count)]


def repetition(translations: Sequence[Translation]) -> str | None:
    """Say how many translations repeat words, and how long their sources are; None if few do."""
    repeating = [row for row in translations if row.repeats]
    others = [row for row in translations if not row.repeats]
    if len(repeating) < _REPEATED * len(translations):
        return None
    sentence = (
        f"{len(repeating):,} of {len(translations):,} translations repeat three words in a row, "
        "which their references do not"
    )
    if not others or _source_words(repeating) <= _source_words(others):
        return f"{sentence}."
    return (
        f"{sentence}; mostly in long sentences: their sources have "
        f"{_source_words(repeating):.1f} words on average, the others {_source_words(others):.1f}."
    )


def _source_words(translations: Sequence[Translation]) -> float:
    return fmean(len(row.source.split()) for row in translations)


def _is_repetitive(text: str) -> bool:
    words = text.split()
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return len(set(triples)) < len(triples)

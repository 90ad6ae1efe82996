"""Translations for the page, evenly spaced over all scores instead of picked by hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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


_COLUMNS = ("source", "reference", "hypothesis", "score")
_SHADES = 4


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

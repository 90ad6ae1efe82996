"""A translation beside what each of its pieces attends to in the source, as a labelled figure."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from pipeline.reporting.results import Result
from pipeline.tasks.translation.reporting.attention import PER_MILLE, Attention, Kind, text
from pipeline.tasks.translation.reporting.translations import Translation, read_translations

_CELL = 22  # units of the viewBox, about CSS pixels
_CHARACTER = 8  # width in a label
_GAP = 8  # between labels and cells
_FAINT = 0.01  # weights below are not drawn


@dataclass(frozen=True)
class Cell:
    """A weight, where it is drawn."""

    x: int
    y: int
    opacity: float
    title: str


@dataclass(frozen=True)
class Alignment:
    """A row per piece of the translation, a column per piece of the source."""

    result: Result
    recorded: int  # sentences of which this one was chosen
    translation: Translation
    layer: int  # of the decoder, counted from 1
    columns: list[tuple[int, str]]  # x of the middle, and label
    rows: list[tuple[int, str]]  # y of the middle, and label
    cells: list[Cell]
    size: int  # of a cell
    left: int
    top: int
    width: int
    height: int


def read_alignment(attention: Attention) -> Alignment | None:
    """Draw the recorded test sentence whose translation is closest to its reference.

    None if the samples hold none of these sentences.
    """
    result = attention.result
    samples = {row.source: row for row in read_translations(result.samples, result.split)}
    found = [
        (samples[source], sentence)
        for sentence in attention.recorded
        if (source := text(sentence["source"])) in samples
    ]
    return _draw(result, len(found), *max(found, key=_closeness)) if found else None


def _closeness(pair: tuple[Translation, dict[str, Any]]) -> float:
    return SequenceMatcher(None, pair[0].hypothesis, pair[0].reference).ratio()


def _draw(
    result: Result, recorded: int, translation: Translation, sentence: dict[str, Any]
) -> Alignment:
    # A query predicts the piece that follows it: the row of a piece is the query before it.
    targets = [*map(_plain, sentence["target"][1:]), "⊣"]
    sources = list(map(_plain, sentence["source"]))
    layers = [np.mean(layer, axis=0) / PER_MILLE for layer in sentence[Kind.CROSS]]
    sharpest = max(range(len(layers)), key=lambda layer: layers[layer].max(axis=1).mean())
    left, top = (_CHARACTER * max(map(len, labels)) + _GAP for labels in (targets, sources))
    return Alignment(
        result,
        recorded,
        translation,
        sharpest + 1,
        [(left + _middle(index), label) for index, label in enumerate(sources)],
        [(top + _middle(index), label) for index, label in enumerate(targets)],
        [
            Cell(
                left + _CELL * key,
                top + _CELL * query,
                round(float(weight) ** 0.5, 3),
                f"{targets[query]} attends to {sources[key]}: {100 * weight:.0f} %",
            )
            for (query, key), weight in np.ndenumerate(layers[sharpest])
            if weight >= _FAINT
        ],
        _CELL,
        left,
        top,
        left + _CELL * len(sources),
        top + _CELL * len(targets),
    )


def _middle(index: int) -> int:
    return _CELL * index + _CELL // 2


def _plain(piece: str) -> str:
    return "⊣" if piece == "</s>" else piece.replace("▁", "") or "␣"

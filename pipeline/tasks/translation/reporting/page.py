"""The section of translations: attention, positions, translations and searches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result, by_dataset
from pipeline.reporting.section import FamilyFigures, TaskPage
from pipeline.tasks.translation.reporting.attention import Attention, read_attention
from pipeline.tasks.translation.reporting.positions import Positions, read_positions
from pipeline.tasks.translation.reporting.search_grid import SearchGrid, read_search_grid
from pipeline.tasks.translation.reporting.translations import (
    Translation,
    read_translations,
    spread,
)

_FEWER = 4  # only the first run shows all report.table_rows, the others this part of them


@dataclass(frozen=True)
class Translated:
    """A run, some of its translations, and how many it has."""

    result: Result
    rows: list[Translation]
    total: int


@dataclass(frozen=True)
class Shown:
    """What stands below the scores and the learning curves."""

    attention: Attention | None  # of the first run that recorded it
    positions: Positions | None  # None where no run recorded them
    translated: list[Translated]
    searches: list[tuple[Result, SearchGrid]]


def show(results: Sequence[Result], report: Report) -> Shown:
    """Read what the runs recorded, and the translations of those whose samples are here."""
    here = [result for result in results if result.is_here]
    counts = [report.table_rows] + [max(report.table_rows // _FEWER, 1)] * len(here)
    grids = [(result, read_search_grid(result)) for result in results]
    return Shown(
        attention=_first_attention(results),
        positions=read_positions(results),
        translated=[_translated(*each) for each in zip(here, counts, strict=False)],
        searches=[(result, grid) for result, grid in grids if grid is not None],
    )


def figures(results: Sequence[Result]) -> FamilyFigures:
    """The attention of those runs that have it recorded."""
    attended = list(filter(None, map(read_attention, results)))
    if not attended:
        return FamilyFigures()
    return FamilyFigures(
        title="attention", template="translation/attention_maps.html", content=attended
    )


def _first_attention(results: Sequence[Result]) -> Attention | None:
    """The first in the order of the figures."""
    in_order = [result for on in by_dataset(results).values() for result in on]
    return next(filter(None, map(read_attention, in_order)), None)


def _translated(result: Result, count: int) -> Translated:
    translations = read_translations(result.samples, result.split)
    return Translated(result, spread(translations, count), len(translations))


PAGE = TaskPage(templates=Path(__file__).with_name("templates"), show=show, figures=figures)

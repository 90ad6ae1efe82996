"""The translation section of the page: attention, positions, translations and searches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.families import Family, families
from pipeline.reporting.results import Result, by_dataset, first_seeds
from pipeline.reporting.section import ATTENTION, WORD_ORDER, Chapter, Loss, TaskPage
from pipeline.tasks.translation.reporting.alignment import Alignment, read_alignment
from pipeline.tasks.translation.reporting.attention import Attention, read_attention
from pipeline.tasks.translation.reporting.positions import Positions, read_positions
from pipeline.tasks.translation.reporting.search_grid import SearchGrid, read_search_grid
from pipeline.tasks.translation.reporting.translations import (
    Translation,
    read_translations,
    repetition,
    spread,
)

_OF_ORDER = {"model.positions", "model.residuals", "model.positions_at"}
_FEWER_ROWS = 4  # the first run shows report.table_rows, the others a quarter of them


@dataclass(frozen=True)
class Excerpt:
    """Some translations of a run."""

    result: Result
    rows: list[Translation]
    total: int  # translations of the run
    failures: list[str]  # sentences on what went wrong


@dataclass(frozen=True)
class Section:
    """The content below the scores and the learning curves."""

    attention: Attention | None  # of the first run with recorded attention
    maps: list[tuple[Family, list[Attention]]]  # of runs that differ in positions or residuals
    positions: Positions | None  # None if no run recorded them
    excerpts: list[Excerpt]
    searches: list[tuple[Result, SearchGrid]]


def show(results: Sequence[Result], report: Report) -> Section:
    """Read the measurements of all runs, and translations of those whose samples are here.

    Of replicates the first.
    """
    results = first_seeds(results)
    here = [result for result in results if result.is_here]
    counts = [report.table_rows] + [max(report.table_rows // _FEWER_ROWS, 1)] * len(here)
    grids = [(result, read_search_grid(result)) for result in results]
    return Section(
        attention=_first_attention(results),
        maps=_maps(results),
        positions=read_positions(results),
        excerpts=list(map(_excerpt, here, counts)),
        searches=[(result, grid) for result, grid in grids if grid is not None],
    )


def highlight(shown: Section) -> Alignment | None:
    """Return a translation with its attention."""
    attention = shown.attention
    return read_alignment(attention) if attention and attention.result.is_here else None


def chapters(shown: Section) -> list[Chapter]:
    """Return the chapters on attention and on word order, if anything was recorded for them."""
    found = []
    if shown.attention:
        found.append(
            Chapter(
                ATTENTION,
                "attention",
                "One attention head, then several",
                "translation/attention.html",
                shown.attention,
                short="Attention",
            )
        )
    if shown.positions or shown.maps:
        found.append(
            Chapter(
                WORD_ORDER,
                "word-order",
                "Does the network know word order?",
                "translation/word_order.html",
                shown,
                short="Word order",
            )
        )
    return found


def _first_attention(results: Sequence[Result]) -> Attention | None:
    """Return the first recorded attention in the order of the figures."""
    in_order = [result for group in by_dataset(results).values() for result in group]
    return next(filter(None, map(read_attention, in_order)), None)


def _maps(results: Sequence[Result]) -> list[tuple[Family, list[Attention]]]:
    """Read the attention of the runs in which positions or residual connections differ."""
    found = []
    for on_dataset in by_dataset(results).values():
        for family in families(on_dataset):
            recorded = list(filter(None, map(read_attention, family.results)))
            if recorded and (not family.settings or _OF_ORDER & set(family.settings)):
                found.append((family, recorded))
    return found


def _excerpt(result: Result, count: int) -> Excerpt:
    translations = read_translations(result.samples, result.split)
    failures = list(filter(None, [repetition(translations)]))
    return Excerpt(result, spread(translations, count), len(translations), failures)


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"),
    show=show,
    loss=Loss("nats per piece"),
    highlight=highlight,
    chapters=chapters,
)

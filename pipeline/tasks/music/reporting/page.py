"""The music section of the page: pieces to play, and two networks side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result, first_seeds
from pipeline.reporting.section import FamilyFigures, TaskPage
from pipeline.tasks.music.reporting.by_position import chart_by_position
from pipeline.tasks.music.reporting.pieces import Piece, RunPieces, read_pieces
from pipeline.tasks.music.reporting.sides import Sides, sides

AUDIO_BYTES = 4_500_000  # of the page, divided equally between the runs


@dataclass(frozen=True)
class Section:
    """What the section shows beside the tables of all tasks."""

    runs: list[RunPieces]
    sides: Sides | None


def show(results: Sequence[Result], report: Report) -> Section:
    """Read the pieces of the runs whose samples are in this folder, of replicates the first."""
    here = [result for result in first_seeds(results) if result.is_here]
    runs = [read_pieces(result, AUDIO_BYTES // len(here)) for result in here]
    return Section(runs, sides(runs))


def highlight(shown: Section) -> tuple[RunPieces, Piece] | None:
    """Return the first continuation with sound of the best run on the first data set."""
    runs = shown.runs
    first = [run for run in runs if run.result.run.dataset == runs[0].result.run.dataset]
    for run in sorted(first, key=lambda run: run.result.metrics["test"]["nats_per_token"]):
        for piece in run.pieces:
            if piece.chorale.kind == "continuation" and piece.audio:
                return run, piece
    return None


def figures(results: Sequence[Result]) -> FamilyFigures:
    """Return the chart of the test loss by position, if it was measured."""
    chart = chart_by_position(results)
    if chart is None:
        return FamilyFigures()
    return FamilyFigures(
        charts=[("Test loss by position", chart)],
        note="By position: nats per token of the test pieces, up to twice the length of the "
        "training crops.",
    )


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"),
    show=show,
    figures=figures,
    highlight=highlight,
)

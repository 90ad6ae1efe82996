"""The music section of the page: the pieces of each run, with sound up to a size limit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.data_uri import data_uri
from pipeline.reporting.figures import Chart
from pipeline.reporting.results import Result
from pipeline.reporting.section import FamilyFigures, TaskPage
from pipeline.tasks.music.reporting.arcs import Arcs, read_arcs
from pipeline.tasks.music.reporting.by_position import chart_by_position
from pipeline.tasks.music.reporting.chorales import (
    VOICES,
    Chorale,
    Roll,
    pitch_range,
    read_chorales,
    roll,
)
from pipeline.tasks.music.reporting.distributions import read_distributions

AUDIO_BYTES = 4_500_000  # of the page, divided equally between the runs


@dataclass(frozen=True)
class Piece:
    """A piece as the page plays it."""

    chorale: Chorale
    roll: Roll
    audio: str | None  # None if it exceeds the size limit
    midi: str
    arcs: Arcs | None  # None if no attention was recorded


@dataclass(frozen=True)
class RunPieces:
    """The pieces of a run."""

    result: Result
    pieces: list[Piece]
    distributions: list[tuple[str, Chart]]  # with their titles
    voices: Sequence[str]  # empty if they are no chorales

    @property
    def motif_head(self) -> tuple[int, int] | None:
        """Layer and head with the most attention on earlier motifs; None if not measured."""
        heads = self.result.metrics.get("attention", {}).get("heads")
        if not heads:
            return None
        layer, head = re.fullmatch(r"layer_(\d+)_head_(\d+)", max(heads, key=heads.get)).groups()
        return int(layer), int(head)


def show(results: Sequence[Result], report: Report) -> list[RunPieces]:
    """Read the pieces of the runs whose samples are in this folder."""
    here = [result for result in results if result.is_here]
    return [_run_pieces(result, AUDIO_BYTES // len(here)) for result in here]


def highlight(shown: Sequence[RunPieces]) -> tuple[RunPieces, Piece] | None:
    """Return the first continuation with sound of the best run on the first data set."""
    first = [run for run in shown if run.result.run.dataset == shown[0].result.run.dataset]
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


def _run_pieces(result: Result, audio_bytes: int) -> RunPieces:
    pieces = _pieces(result, audio_bytes)
    has_bars = any(piece.chorale.bars for piece in pieces)
    distributions = read_distributions(result.records)
    return RunPieces(result, pieces, distributions, VOICES if has_bars else ())


def _pieces(result: Result, audio_bytes: int) -> list[Piece]:
    chorales = read_chorales(result.samples)
    lowest, highest = pitch_range(chorales)
    pieces = []
    for chorale in chorales:
        audio = data_uri("audio/mpeg", chorale.mp3)
        audio_bytes -= len(audio)
        pieces.append(
            Piece(
                chorale,
                roll(chorale, lowest, highest),
                audio if audio_bytes >= 0 else None,
                data_uri("audio/midi", chorale.midi),
                read_arcs(result.records, chorale.file),
            )
        )
    return pieces


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"),
    show=show,
    figures=figures,
    highlight=highlight,
)

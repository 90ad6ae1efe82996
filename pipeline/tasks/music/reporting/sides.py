"""Two networks that continue the same opening: with relative and with absolute positions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.settings import RelativePositionSettings, Sinusoid
from pipeline.tasks.music.reporting.chorales import Roll, pitch_range, roll
from pipeline.tasks.music.reporting.pieces import Piece, RunPieces


@dataclass(frozen=True)
class Side:
    """A continuation, drawn on the pitches of both sides."""

    run: RunPieces
    piece: Piece


@dataclass(frozen=True)
class Sides:
    """Continuations of the same opening; `relative` before `absolute`."""

    opening: str  # the name of the piece
    relative: Side
    absolute: Side


def sides(runs: Sequence[RunPieces]) -> Sides | None:
    """Return the first continuation with sound of the first two such runs on one data set."""
    for relative in _with_positions(runs, RelativePositionSettings):
        for absolute in _with_positions(runs, Sinusoid):
            if relative.result.run.dataset == absolute.result.run.dataset:
                return _same_opening(relative, absolute)
    return None


def _with_positions(runs: Sequence[RunPieces], kind: type) -> list[RunPieces]:
    return [run for run in runs if isinstance(run.result.run.model.positions, kind)]


def _same_opening(relative: RunPieces, absolute: RunPieces) -> Sides | None:
    continued = {piece.chorale.piece: piece for piece in absolute.pieces if _is_played(piece)}
    for piece in filter(_is_played, relative.pieces):
        if other := continued.get(piece.chorale.piece):
            lowest, highest = pitch_range([piece.chorale, other.chorale])
            drawn = (
                Side(run, replace(each, roll=_roll(run, each, lowest, highest)))
                for run, each in ((relative, piece), (absolute, other))
            )
            return Sides(piece.chorale.piece, *drawn)
    return None


def _roll(run: RunPieces, piece: Piece, lowest: int, highest: int) -> Roll:
    return roll(piece.chorale, lowest, highest, run.crop, piece.blocks)


def _is_played(piece: Piece) -> bool:
    return piece.chorale.kind == "continuation" and piece.audio is not None

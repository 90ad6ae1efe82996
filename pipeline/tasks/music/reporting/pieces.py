"""The pieces of each run as the page plays them, with sound up to a size limit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.blocks import read_blocks
from pipeline.reporting.data_uri import data_uri
from pipeline.reporting.figures import Chart
from pipeline.reporting.results import Result
from pipeline.tasks.music.reporting.arcs import Arcs, read_arcs
from pipeline.tasks.music.reporting.chorales import (
    VOICES,
    Chorale,
    Roll,
    pitch_range,
    read_chorales,
    roll,
)
from pipeline.tasks.music.reporting.distributions import read_distributions
from pipeline.tasks.music.reporting.failures import failures


@dataclass(frozen=True)
class Piece:
    """A piece as the page plays it."""

    chorale: Chorale
    roll: Roll
    blocks: Sequence[int]  # tokens that each pass added; empty if each added one
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
    failures: list[str]  # sentences on what went wrong

    @property
    def motif_head(self) -> tuple[int, int] | None:
        """Layer and head with the most attention on earlier motifs; None if not measured."""
        heads = self.result.metrics.get("attention", {}).get("heads")
        if not heads:
            return None
        layer, head = re.fullmatch(r"layer_(\d+)_head_(\d+)", max(heads, key=heads.get)).groups()
        return int(layer), int(head)

    @property
    def crop(self) -> int:
        """The tokens that training saw at once."""
        return self.result.run.training.crop


def read_pieces(result: Result, audio_bytes: int) -> RunPieces:
    """Read the pieces of a run, with sound of at most `audio_bytes`.

    DataError names a file that is missing or damaged.
    """
    chorales = read_chorales(result.samples)
    lowest, highest = pitch_range(chorales)
    pieces = []
    found = read_blocks(result.samples)
    for number, chorale in enumerate(chorales):
        blocks = found.sizes[number] if found else ()
        audio = data_uri("audio/mpeg", chorale.mp3)
        audio_bytes -= len(audio)
        pieces.append(
            Piece(
                chorale,
                roll(chorale, lowest, highest, result.run.training.crop, blocks),
                blocks,
                audio if audio_bytes >= 0 else None,
                data_uri("audio/midi", chorale.midi),
                read_arcs(result.records, chorale.file),
            )
        )
    has_bars = any(piece.chorale.bars for piece in pieces)
    distributions = read_distributions(result.records)
    voices = VOICES if has_bars else ()
    return RunPieces(result, pieces, distributions, voices, failures(result, chorales))

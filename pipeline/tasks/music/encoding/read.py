"""Raw chorales to pieces, whatever archive they come in."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.encoding.records import Skipped
from pipeline.tasks.music.encoding.jsb_archive import read_jsb
from pipeline.tasks.music.encoding.music21_wheel import read_music21
from pipeline.tasks.music.encoding.piece import Piece
from pipeline.tasks.music.settings import ChoraleReader


def read_pieces(raw: Path, reader: ChoraleReader) -> Iterator[Piece | Skipped]:
    """Yield the pieces under `raw`, sorted by name.

    Raises DataError if the archive is missing, damaged, or without chorales.
    """
    match reader:
        case ChoraleReader.MUSIC21_CHORALES:
            return read_music21(raw)
        case ChoraleReader.JSB_CHORALES:
            return read_jsb(raw)

"""Chorales as compressed MusicXML inside music21's wheel, to pieces.

Archives are read member by member, in memory: nothing is extracted, whatever the members' names.
"""

import io
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline.errors import DataError
from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.encoding.musicxml import ScoreError, parse, parse_xml
from pipeline.tasks.music.encoding.piece import Piece, Skipped

_CHORALE = re.compile(r"music21/corpus/bach/bwv[^/]*\.mxl")
_CONTAINER = "META-INF/container.xml"
_MAX_MEMBER_BYTES = 1 << 26  # the largest chorale has 2 MB; more is a zip bomb
_INTERLUDE = 16  # 16ths of silence in all voices, one bar of 4/4
# What zipfile raises on damaged archives: a wrong offset alone is an OSError or a ValueError.
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


def read_music21(raw: Path) -> tuple[list[Piece], list[Skipped]]:
    """Read the chorales of music21's wheel, sorted by name, and the records that are not usable.

    Raises DataError if the wheel is missing, damaged, or without chorales.
    """
    pieces, skipped = [], []
    wheel = _only_wheel(raw)
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = {name for name in archive.namelist() if _CHORALE.fullmatch(name)}
            # Sorted without ".mxl": bwv112.5 comes before bwv112.5-sc.
            for name, member in sorted((PurePosixPath(name).stem, name) for name in members):
                try:
                    score = parse(_musicxml(_content(archive, member)))
                    grid = cut_interludes(score.grid)
                    pieces.append(Piece(name, grid, score.notes, score.off_grid))
                except ScoreError as error:
                    skipped.append(Skipped(name, str(error)))
    except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
        raise DataError(
            f"{wheel}: cannot be read ({error}); delete it and download again"
        ) from None
    if not members:
        raise DataError(
            f"{wheel}: no member music21/corpus/bach/bwv*.mxl; is it the wheel of music21?"
        )
    return pieces, skipped


def cut_interludes(grid: np.ndarray) -> np.ndarray:
    """Leave out the 16ths in which all voices rest at the ends of a piece or for a bar or longer.

    They stand for what instruments play between the lines of a concerted chorale.
    """
    silent = (grid == SILENCE).all(axis=1)
    edges = [0, *(np.flatnonzero(np.diff(silent)) + 1).tolist(), len(grid)]
    kept = [
        grid[start:end]
        for start, end in zip(edges[:-1], edges[1:], strict=True)
        if not silent[start] or (start > 0 and end < len(grid) and end - start < _INTERLUDE)
    ]
    return np.concatenate(kept)


def _only_wheel(raw: Path) -> Path:
    wheels = sorted(raw.glob("*.whl"))
    if len(wheels) != 1:
        raise DataError(f"{raw}: expected one wheel, found {len(wheels)}; run the download stage")
    return wheels[0]


def _musicxml(mxl: bytes) -> bytes:
    """The score inside a compressed MusicXML file: the first that its container names."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(mxl))
    except _BROKEN_ZIP:
        raise ScoreError("not a zip archive, or a damaged one") from None
    with archive:
        rootfile = parse_xml(_content(archive, _CONTAINER)).find(".//{*}rootfile")
        if rootfile is None:
            raise ScoreError("the container names no score")
        return _content(archive, rootfile.get("full-path", ""))


def _content(archive: zipfile.ZipFile, member: str) -> bytes:
    """The bytes of a member; ScoreError if they are missing, damaged, or far too many."""
    try:
        with archive.open(member) as file:
            content = file.read(_MAX_MEMBER_BYTES + 1)
    except KeyError:
        raise ScoreError("the score is missing in its archive") from None
    except _BROKEN_ZIP:
        raise ScoreError("not a zip archive, or a damaged one") from None
    if len(content) > _MAX_MEMBER_BYTES:
        raise ScoreError(f"larger than {_MAX_MEMBER_BYTES} bytes")
    return content

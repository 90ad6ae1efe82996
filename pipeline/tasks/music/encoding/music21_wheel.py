"""Chorales as compressed MusicXML inside music21's wheel, to pieces."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline.encoding.archives import DAMAGED, damaged, only_archive, read_member
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.encoding.musicxml import ScoreError, parse, parse_xml
from pipeline.tasks.music.encoding.piece import Piece

_CHORALE = re.compile(r"music21/corpus/bach/bwv[^/]*\.mxl")
_CONTAINER = "META-INF/container.xml"
_MAX_MEMBER_BYTES = 1 << 26  # the largest chorale has 2 MB; more is a zip bomb
_INTERLUDE = 16  # 16ths of silence in all voices, one bar of 4/4


def read_music21(raw: Path) -> Iterator[Piece | Skipped]:
    """Yield the chorales of music21's wheel, sorted by name.

    Raises DataError if the wheel is missing, damaged, or without chorales.
    """
    wheel = only_archive(raw, "*.whl")
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = {name for name in archive.namelist() if _CHORALE.fullmatch(name)}
            # Sorted without ".mxl": bwv112.5 comes before bwv112.5-sc.
            for name, member in sorted((PurePosixPath(name).stem, name) for name in members):
                yield read_or_skip(name, _piece, name, archive, member)
    except DAMAGED as error:
        raise damaged(wheel, error) from None
    if not members:
        raise DataError(
            f"{wheel}: no member music21/corpus/bach/bwv*.mxl; is it the wheel of music21?"
        )


def _piece(name: str, archive: zipfile.ZipFile, member: str) -> Piece:
    score = parse(_musicxml(_content(archive, member)))
    return Piece(name, cut_interludes(score.grid), score.notes, score.off_grid)


def cut_interludes(grid: np.ndarray) -> np.ndarray:
    """Remove the 16ths in which all voices rest at the ends of a piece or for a bar or longer.

    They stand for the bars that instruments play between the lines of a concerted chorale.
    """
    silent = (grid == SILENCE).all(axis=1)
    edges = [0, *(np.flatnonzero(np.diff(silent)) + 1).tolist(), len(grid)]
    kept = [
        grid[start:end]
        for start, end in zip(edges[:-1], edges[1:], strict=True)
        if not silent[start] or (start > 0 and end < len(grid) and end - start < _INTERLUDE)
    ]
    return np.concatenate(kept)


def _musicxml(mxl: bytes) -> bytes:
    """Return the score inside a compressed MusicXML file: the first that its container names."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(mxl))
    except DAMAGED:
        raise ScoreError("not a zip archive, or a damaged one") from None
    with archive:
        rootfile = parse_xml(_content(archive, _CONTAINER)).find(".//{*}rootfile")
        if rootfile is None:
            raise ScoreError("the container names no score")
        return _content(archive, rootfile.get("full-path", ""))


def _content(archive: zipfile.ZipFile, member: str) -> bytes:
    """Return the bytes of a member; RecordError if they are missing, damaged, or far too many."""
    try:
        return read_member(archive, member, _MAX_MEMBER_BYTES)
    except KeyError:
        raise ScoreError("the score is missing in its archive") from None
    except DAMAGED:
        raise ScoreError("not a zip archive, or a damaged one") from None

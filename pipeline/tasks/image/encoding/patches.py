"""Photographs cut into tiles, and tiles into patches."""

from collections.abc import Iterable, Iterator

import numpy as np

from pipeline.encoding.records import Skipped
from pipeline.tasks.image.encoding.picture import quantised
from pipeline.tasks.image.encoding.raw import Image, RawImages
from pipeline.tasks.image.settings import PatchesLayout

Photographs = Iterable[tuple[str, np.ndarray | Skipped]]  # name; pixels (height, width, 3)


def patches(photographs: Photographs, layout: PatchesLayout) -> RawImages:
    """Cut photographs into tiles and tiles into patches; what fills no tile is left out.

    A tile is a cluster, `<photograph>/<tile row>,<tile column>`: its patches lie side by side.
    """
    tiles: list[str] = []  # the names of those that were read
    records = _records(photographs, layout, tiles)
    return RawImages(layout.levels, 1, {"train": records}, tiles.__getitem__)


def _records(
    photographs: Photographs, layout: PatchesLayout, tiles: list[str]
) -> Iterator[Image | Skipped]:
    """Yield the patches of every photograph, and append the names of its tiles to `tiles`."""
    for name, photograph in photographs:
        if isinstance(photograph, Skipped):
            yield photograph
            continue
        columns = photograph.shape[1] // layout.tile
        for number, tile in enumerate(cut(photograph, layout.tile)):
            tiles.append(f"{name}/{number // columns},{number % columns}")
            for patch in cut(tile, layout.patch):
                yield Image(quantised(patch, layout.levels), 0, len(tiles) - 1)


def cut(pixels: np.ndarray, size: int) -> np.ndarray:
    """Return squares (square, size, size, channels) of pixels (height, width, channels)."""
    rows, columns = pixels.shape[0] // size, pixels.shape[1] // size
    whole = pixels[: rows * size, : columns * size]
    squares = whole.reshape(rows, size, columns, size, -1).swapaxes(1, 2)
    return squares.reshape(rows * columns, size, size, -1)

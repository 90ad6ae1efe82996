"""Textures that networks learned from a photograph, and whether their grain is the photograph's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.reporting.results import Result
from pipeline.tasks.image.reporting.grids import Cells, Grid, read_grid

_DIFFERENT = 1.5  # roughness of generated and of real pieces, the larger over the smaller


@dataclass(frozen=True)
class Learned:
    """Pieces of texture that a network generated."""

    result: Result
    grid: Grid
    failure: str | None  # a sentence, where they are not as rough as the photograph


def read_learned(photograph: str, piece: Path, results: Sequence[Result]) -> list[Learned]:
    """Read the textures of the runs whose images are all patches of `photograph`.

    `piece` is a picture of a part of it.
    """
    runs = [
        result
        for result in results
        if getattr(result.dataset.encoding, "photographs", None) == [photograph]
        and result.samples.exists()
    ]
    return [_read(result, piece) for result in runs]


def roughness(picture: np.ndarray) -> float:
    """Mean difference of pixels side by side or one above the other, as a share of the range.

    picture (row, column, channel) has intensities 0 .. 255.
    """
    values = picture.astype(np.float64) / 255
    differences = [np.abs(np.diff(values, axis=axis)).ravel() for axis in (0, 1)]
    return float(np.concatenate(differences).mean())


def _read(result: Result, piece: Path) -> Learned:
    grid = read_grid(result.samples, "conditional")
    with Image.open(piece) as picture:
        real = roughness(np.asarray(picture.convert("RGB")))
    generated = np.mean([roughness(each) for each in _pieces(result, grid)])
    return Learned(result, grid, _failure(float(generated), real))


def _pieces(result: Result, grid: Grid) -> list[np.ndarray]:
    """Return the generated pieces (row, column, channel), a pixel of the network each."""
    with Image.open(result.samples / "conditional.png") as picture:
        cells = Cells(picture.convert("RGB"), grid)
        scale = (cells.width - cells.gap) // result.dataset.encoding.patch
        return [
            np.asarray(cells.of(row, column))[::scale, ::scale]
            for row in range(grid.rows)
            for column in range(grid.columns)
        ]


def _failure(generated: float, real: float) -> str | None:
    measured = (
        f"adjacent pixels differ by {100 * generated:.1f} % of the range of intensities on "
        f"average, those of the photograph by {100 * real:.1f} %."
    )
    if generated > _DIFFERENT * real:
        return f"Noise: its {measured}"
    if generated < real / _DIFFERENT:
        return f"Too smooth: its {measured}"
    return None

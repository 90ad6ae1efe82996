"""Which pixels each pass of the network added to a generated image, in blockwise decoding."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.settings import ImageLayout, ModelSettings
from models.shared.order import generation_order, super_resolution_factor
from pipeline.blocks import FILE, read_blocks
from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.results import Result
from pipeline.tasks.image.reporting.completed import first_column
from pipeline.tasks.image.reporting.grids import Cells, read_grid

GIVEN = 0  # the pass of a pixel that was given
_SIDE = 24  # units of the drawing for a pixel


@dataclass(frozen=True)
class Pixel:
    """A pixel as a square of the drawing."""

    x: int
    y: int
    colour: str  # as CSS writes it
    number: int  # of the pass that completed it, from 1; GIVEN
    added: int  # intensities that this pass added


@dataclass(frozen=True)
class Passes:
    """An image as squares, and the borders between what different passes added, an SVG path."""

    width: int
    height: int
    side: int
    pixels: list[Pixel]
    borders: str
    count: int  # of passes
    intensities: int  # that they added


def read_passes(result: Result) -> Passes | None:
    """Return the first completion of the first test image; None if each pass added one intensity.

    Raises DataError if the passes are those of another image.
    """
    blocks = read_blocks(result.samples)
    if blocks is None:
        return None
    shape = np.load(result.samples / "completions.npy", allow_pickle=False).shape[-3:]
    sizes = blocks.sizes[0]
    try:
        numbers = pass_of_pixel(shape, sizes, result.run.model)
    except ValueError as error:
        remedy = f"run `dvc repro decode@{result.name}`"
        raise DataError(f"{result.samples / FILE}: {error}; {remedy}") from None
    pixels = [
        Pixel(x * _SIDE, y * _SIDE, colour, number, 0 if number == GIVEN else sizes[number - 1])
        for ((y, x), number), colour in zip(
            np.ndenumerate(numbers), _colours(result.samples, *numbers.shape), strict=True
        )
    ]
    height, width = (_SIDE * side for side in numbers.shape)
    return Passes(width, height, _SIDE, pixels, _borders(numbers), len(sizes), sum(sizes))


def pass_of_pixel(
    shape: tuple[int, int, int], sizes: Sequence[int], settings: ModelSettings
) -> np.ndarray:
    """Return the pass that completed each pixel, (height, width), of an image of such a shape.

    The passes added `sizes` intensities each, in generation order: to the whole image, or to the
    lower half if the network does not enlarge. Raises ValueError if they are not as many.
    """
    height, width, channels = shape
    layout = ImageLayout(height=height, width=width, channels=channels)
    first = 0 if super_resolution_factor(settings) else height // 2 * width * channels
    order = [index for index in generation_order(settings, layout) if index >= first]
    if len(order) != sum(sizes):
        raise ValueError(f"passes added {sum(sizes)} intensities, {len(order)} were not given")
    numbers = np.full(height * width * channels, GIVEN)
    numbers[order] = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    return numbers.reshape(shape).max(axis=2)


def _colours(samples: Path, height: int, width: int) -> list[str]:
    """Return the colours of the pixels of that completion, row by row, as CSS writes them."""
    grid = read_grid(samples, "completions")
    titles = read_json(samples / "samples.json")["completions"]["column_titles"]
    with Image.open(samples / "completions.png") as picture:
        cell = Cells(picture, grid).of(0, first_column(titles, "at")).convert("RGB")
    shades = np.asarray(cell.resize((width, height), Image.Resampling.NEAREST))
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in shades.reshape(-1, 3)]


def _borders(numbers: np.ndarray) -> str:
    right = np.argwhere(numbers[:, 1:] != numbers[:, :-1])
    below = np.argwhere(numbers[1:] != numbers[:-1])
    return "".join(
        [f"M{(x + 1) * _SIDE} {y * _SIDE}v{_SIDE}" for y, x in right]
        + [f"M{x * _SIDE} {(y + 1) * _SIDE}h{_SIDE}" for y, x in below]
    )

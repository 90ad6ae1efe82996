"""Completed test images for the first screen: original, what was given, and one completion."""

import io
from dataclasses import dataclass

from PIL import Image

from pipeline.files import read_json
from pipeline.reporting.data_uri import data_uri
from pipeline.reporting.results import Result
from pipeline.tasks.image.reporting.grids import Cells, read_grid

_ROWS = {"given": "given", "at": "completed", "original": "original"}  # by column title
_GREY = 128  # of the gaps, as in the grid
_SIZE = 44  # pixels of the page per image


@dataclass(frozen=True)
class Completed:
    """A picture with a column per test image and a row per label."""

    result: Result
    uri: str
    labels: list[str]
    columns: int
    size: int  # height and width of an image in pixels of the page


def read_completed(result: Result) -> Completed:
    """Cut the first completion of each test image from the grid of completions."""
    grid = read_grid(result.samples, "completions")
    titles = read_json(result.samples / "samples.json")["completions"]["column_titles"]
    columns = [first_column(titles, start) for start in _ROWS]
    with Image.open(result.samples / "completions.png") as source:
        cells = Cells(source, grid)
        width, height, gap = cells.width, cells.height, cells.gap
        picture = Image.new(
            source.mode, (grid.rows * width - gap, len(columns) * height - gap), _GREY
        )
        for image in range(grid.rows):
            for row, column in enumerate(columns):
                picture.paste(cells.of(image, column), (image * width, row * height))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    uri = data_uri("image/png", buffer.getvalue())
    return Completed(result, uri, list(_ROWS.values()), grid.rows, _SIZE)


def first_column(titles: list[str], start: str) -> int:
    """Return the first column of a grid whose title begins so."""
    return next(number for number, title in enumerate(titles) if title.startswith(start))

"""Reads grids of generated images as data URIs."""

import io
import math
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.data_uri import data_uri

_MAX_STEP = 72  # pixels of the page per column, enough for its title
_MAX_WIDTH = 1016  # pixels of the page


@dataclass(frozen=True)
class Grid:
    """A picture of rows x columns images, and its size on the page."""

    uri: str
    shown_width: float
    shown_height: float
    rows: int
    columns: int
    titles: list[tuple[str, float]]  # of adjacent columns, with their centre
    temperature: float | None

    def row_centre(self, row: int) -> float:
        """The centre of a row, in pixels of the page."""
        return round((row + 0.5) * self.shown_height / self.rows, 1)


class Cells:
    """The images of a grid, cut out of its picture."""

    def __init__(self, picture: Image.Image, grid: Grid) -> None:
        self._picture = picture
        self.gap = -picture.width % grid.columns  # between images, and none after the last
        self.width = (picture.width + self.gap) // grid.columns  # of an image and a gap
        self.height = (picture.height + self.gap) // grid.rows

    def of(self, row: int, column: int) -> Image.Image:
        """Return the image that stands there."""
        left, top = column * self.width, row * self.height
        return self._picture.crop(
            (left, top, left + self.width - self.gap, top + self.height - self.gap)
        )


def read_grid(samples: Path, kind: str) -> Grid:
    """Read the grid `kind`, "conditional" or "completions", and its description."""
    path, description = samples / f"{kind}.png", samples / "samples.json"
    remedy = f"run `dvc repro decode@{samples.parent.name}`"
    facts = read_json(description)
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.verify()
            width, height = image.size
        rows, columns = int(facts[kind]["rows"]), int(facts[kind]["columns"])
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {remedy}") from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DataError(f"{path}: not a PNG image ({error}); {remedy}") from None
    except (KeyError, TypeError, ValueError):
        raise DataError(
            f"{description}: {kind}.rows and {kind}.columns are not both there; {remedy}"
        ) from None
    scale = _scale(width, columns)
    return Grid(
        data_uri("image/png", content),
        width * scale,
        height * scale,
        rows,
        columns,
        _centres(facts[kind].get("column_titles", []), width * scale / columns),
        facts[kind].get("temperature"),
    )


def _scale(width: int, columns: int) -> float:
    """Return the scale of a grid on the page: an integer or its reciprocal.

    Therefore all pixels of an image have the same size.
    """
    step = width / columns
    if step > _MAX_STEP:
        return 1 / math.ceil(step / _MAX_STEP)
    return max(1, min(int(_MAX_STEP / step), _MAX_WIDTH // width))


def _centres(titles: list[str], step: float) -> list[tuple[str, float]]:
    """Merge equal titles of adjacent columns; return them with the centres of their columns."""
    centres, first = [], 0
    for title, group in groupby(titles):
        count = len(list(group))
        centres.append((title, round((first + count / 2) * step, 1)))
        first += count
    return centres

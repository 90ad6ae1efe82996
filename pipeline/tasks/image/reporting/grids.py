"""The grids of generated images, as data URIs."""

import io
import math
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.data_uri import data_uri

_STEP = 72  # at most, pixels of the page from one image to the next: their titles need most of it
_WIDEST = 1016  # pixels of the page for what stands in it, where there is room


@dataclass(frozen=True)
class Grid:
    """A picture of rows x columns images, and its size on the page."""

    uri: str
    shown_width: float
    shown_height: float
    rows: int
    columns: int
    titles: list[tuple[str, float]]  # of columns side by side, and the middle of these columns
    temperature: float | None

    def row_centre(self, row: int) -> float:
        """The middle of a row, in pixels of the page."""
        return round((row + 0.5) * self.shown_height / self.rows, 1)


def read_grid(samples: Path, kind: str) -> Grid:
    """Read the grid `kind` ("conditional" or "completions") of a run and what it says of itself."""
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
        _middles(facts[kind].get("column_titles", []), width * scale / columns),
        facts[kind].get("temperature"),
    )


def _scale(width: int, columns: int) -> float:
    """How many times as wide as the file a grid is shown: a whole number, or a whole part of it.

    So all images look alike, their pixels being of one size.
    """
    step = width / columns
    if step > _STEP:
        return 1 / math.ceil(step / _STEP)
    return max(1, min(int(_STEP / step), _WIDEST // width))


def _middles(titles: list[str], step: float) -> list[tuple[str, float]]:
    """Each title of neighbouring columns that share it, and where their middle is."""
    middles, first = [], 0
    for title, group in groupby(titles):
        count = len(list(group))
        middles.append((title, round((first + count / 2) * step, 1)))
        first += count
    return middles

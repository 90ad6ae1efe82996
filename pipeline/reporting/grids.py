"""The grids of generated images, as data URIs."""

import io
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.data_uri import data_uri


@dataclass(frozen=True)
class Grid:
    """A picture of rows x columns images; width and height in its own pixels."""

    uri: str
    width: int
    height: int
    rows: int
    columns: int
    titles: list[tuple[str, float]]  # of columns side by side, and the middle of these columns
    temperature: float | None

    def row_centre(self, row: int) -> float:
        """The middle of a row, in pixels."""
        return round((row + 0.5) * self.height / self.rows, 1)


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
    return Grid(
        data_uri("image/png", content),
        width,
        height,
        rows,
        columns,
        _middles(facts[kind].get("column_titles", []), width / columns),
        facts[kind].get("temperature"),
    )


def _middles(titles: list[str], step: float) -> list[tuple[str, float]]:
    """Each title of neighbouring columns that share it, and where their middle is."""
    middles, first = [], 0
    for title, group in groupby(titles):
        count = len(list(group))
        middles.append((title, round((first + count / 2) * step, 1)))
        first += count
    return middles

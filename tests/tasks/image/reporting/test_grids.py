"""The grids that the page shows."""

import json
from pathlib import Path

import pytest
from PIL import Image

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.tasks.image.reporting.grids import read_grid

IMAGE = Path("runs/image_local_1d/samples")


def test_grid_knows_where_its_cells_are(scale: Params):
    grid = read_grid(IMAGE, "conditional")
    with Image.open(IMAGE / "conditional.png") as image:
        assert (grid.shown_width, grid.shown_height) == (2 * image.width, 2 * image.height)
    assert (grid.rows, grid.columns, grid.temperature) == (10, 8, 1.0)
    assert grid.row_centre(0) == pytest.approx(35.6)


@pytest.mark.parametrize(
    ("width", "columns", "shown"),
    [
        (1316, 10, 658),  # images of 128 pixels
        (676, 10, 676),  # of 64
        (284, 8, 568),  # of 32
        (572, 16, 572),  # of 32 again, but too many of them
    ],
)
def test_images_are_shown_alike(scale: Params, width: int, columns: int, shown: int):
    description = json.loads((IMAGE / "samples.json").read_text())
    description["completions"] |= {"rows": 1, "columns": columns}
    (IMAGE / "samples.json").write_text(json.dumps(description))
    Image.new("L", (width, 32)).save(IMAGE / "completions.png")
    grid = read_grid(IMAGE, "completions")
    assert (grid.shown_width, grid.shown_height) == (shown, 32 * shown / width)


def test_neighbouring_columns_share_a_title_over_their_middle(scale: Params):
    grid = read_grid(IMAGE, "completions")
    step = grid.shown_width / 8
    assert grid.titles == [
        ("original", round(step / 2, 1)),
        ("given", round(step * 1.5, 1)),
        ("at 1.0", round(step * 5, 1)),
    ]


def test_grid_that_is_no_png_is_refused(scale: Params):
    (IMAGE / "conditional.png").write_bytes(b"<svg onload=alert(1)>")
    with pytest.raises(DataError, match=r"conditional\.png: not a PNG"):
        read_grid(IMAGE, "conditional")

"""The completions on the first screen."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.config import Params
from pipeline.reporting.results import read_results
from pipeline.tasks.image.decoding.decode import GAP, png_grid
from pipeline.tasks.image.reporting.completed import read_completed

SAMPLES = Path("runs/image_local_1d/samples")


@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 5)])
def test_each_column_is_a_test_image_with_its_first_completion(
    scale: Params, channels: int, size: int
):
    shades = np.arange(3 * 5, dtype=np.uint8).reshape(3, 5)  # an image of the grid is of one shade
    cells = np.broadcast_to(shades[..., None, None, None], (3, 5, size, size, channels))
    (SAMPLES / "completions.png").write_bytes(png_grid(cells))
    description = json.loads((SAMPLES / "samples.json").read_text())
    titles = ["original", "given", "at 0.8", "at 0.8", "at 1.0"]
    description["completions"] |= {"rows": 3, "columns": 5, "column_titles": titles}
    (SAMPLES / "samples.json").write_text(json.dumps(description))
    (result,) = (each for each in read_results(scale) if each.samples == SAMPLES)

    drawn = read_completed(result)

    assert (drawn.labels, drawn.columns) == (["given", "completed", "original"], 3)
    picture = Image.open(io.BytesIO(base64.b64decode(drawn.uri.partition("base64,")[2])))
    pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)[..., 0]
    expected = png_grid(cells[:, [1, 2, 0]].swapaxes(0, 1))
    page = np.asarray(Image.open(io.BytesIO(expected))).reshape(*pixels.shape, channels)[..., 0]
    np.testing.assert_array_equal(pixels, page)
    assert (pixels == GAP).any()

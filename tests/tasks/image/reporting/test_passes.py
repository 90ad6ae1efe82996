"""The pixels that each pass of blockwise decoding added."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.settings import TransformerSettings
from pipeline.blocks import Blocks, write_blocks
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.page import render
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.image.decoding.decode import png_grid
from pipeline.tasks.image.reporting.passes import Passes, pass_of_pixel, read_passes

SAMPLES = Path("runs/image_local_1d/samples")


def _result(scale: Params, name: str = "image_local_1d") -> Result:
    return next(each for each in read_results(scale) if each.name == name)


def _in_blocks(scale: Params, sizes: list[int]) -> Passes:
    write_blocks(SAMPLES, Blocks([sizes, [1] * 32]))
    np.save(SAMPLES / "completions.npy", np.zeros((1, 10, 2, 8, 8, 1), np.uint8))
    return read_passes(_result(scale))


def test_without_blocks_there_is_nothing_to_show(scale: Params):
    assert read_passes(_result(scale)) is None


def test_passes_fill_the_lower_half_row_by_row(scale: Params):
    numbers = pass_of_pixel((4, 3, 1), [1, 3, 2], _result(scale).run.model)
    np.testing.assert_array_equal(numbers, [[0, 0, 0], [0, 0, 0], [1, 2, 2], [2, 3, 3]])


def test_a_pixel_in_colour_is_of_the_pass_that_completes_it(scale: Params):
    numbers = pass_of_pixel((2, 2, 3), [2, 3, 1], _result(scale).run.model)
    np.testing.assert_array_equal(numbers, [[0, 0], [2, 3]])


def test_passes_follow_the_blocks_of_local_attention(scale: Params):
    model = _result(scale, "image_local_2d").run.model
    assert isinstance(model, TransformerSettings)
    attention = model.attention.model_copy(update={"query_rows": 1, "query_columns": 2})
    enlarging = {"attention": attention, "super_resolution": 2}
    numbers = pass_of_pixel((2, 4, 1), [3, 1, 4], model.model_copy(update=enlarging))
    np.testing.assert_array_equal(numbers, [[1, 1, 1, 2], [3, 3, 3, 3]])


def test_an_image_is_drawn_with_borders_between_passes(scale: Params):
    cells = np.zeros((10, 8, 8, 8, 1), np.uint8)
    cells[0, 2, 4, 1] = 171  # of the first completion, after the original and what was given
    (SAMPLES / "completions.png").write_bytes(png_grid(cells))
    description = json.loads((SAMPLES / "samples.json").read_text())
    description["completions"] |= {"rows": 10, "columns": 8}
    (SAMPLES / "samples.json").write_text(json.dumps(description))

    drawn = _in_blocks(scale, [9, 23])

    assert (drawn.width, drawn.height, drawn.count, drawn.intensities) == (192, 192, 2, 32)
    coloured = [pixel for pixel in drawn.pixels if pixel.colour != "#000000"]
    assert [(each.x, each.y, each.colour) for each in coloured] == [(24, 96, "#ababab")]
    assert [pixel.number for pixel in drawn.pixels] == [0] * 32 + [1] * 9 + [2] * 23
    assert [pixel.added for pixel in drawn.pixels] == [0] * 32 + [9] * 9 + [23] * 23
    # between the halves, and below and beside the ninth pixel
    across = [f"M{x * 24} 96h24" for x in range(8)]
    below = ["M0 144h24"] + [f"M{x * 24} 120h24" for x in range(1, 8)]
    assert drawn.borders.count("M") == 17
    assert all(part in drawn.borders for part in [*across, *below, "M24 120v24"])


def test_passes_of_another_image_are_refused(scale: Params):
    with pytest.raises(DataError, match=r"blocks\.json: passes added 5 intensities, 32 were not"):
        _in_blocks(scale, [5])


def test_the_page_shows_them(scale: Params):
    assert 'class="by-pass"' not in render(scale)
    _in_blocks(scale, [9, 23])
    assert render(scale).count('class="by-pass"') == 1

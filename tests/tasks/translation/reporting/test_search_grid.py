"""The table of beam sizes and length penalties."""

from dataclasses import replace

import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.translation.reporting.search_grid import Cell, read_search_grid


@pytest.fixture
def result(scale: Params) -> Result:
    return read_results(scale)[0]


def searched(result: Result, cells: object) -> Result:
    return replace(result, metrics=result.metrics | {"search_grid": cells})


def cell(size: int, alpha: float, bleu: float) -> dict[str, float]:
    return {"beam_size": size, "length_penalty": alpha, "tokenised_bleu": bleu, "length_ratio": 1.0}


def test_rows_are_beam_sizes_and_shades_go_from_the_least_to_the_most(result: Result):
    cells = [cell(1, 0.0, 10.0), cell(1, 0.6, 12.9), cell(4, 0.0, 18.0), cell(4, 0.6, 20.0)]
    grid = read_search_grid(searched(result, cells))
    assert grid.length_penalties == [0.0, 0.6]
    assert grid.rows == {
        1: [Cell(10.0, 1.0, 0), Cell(12.9, 1.0, 1)],
        4: [Cell(18.0, 1.0, 4), Cell(20.0, 1.0, 4)],
    }


def test_a_beam_size_is_a_line_over_the_penalties(result: Result):
    cells = [cell(1, 0.0, 10.0), cell(1, 0.6, 12.0), cell(4, 0.0, 18.0), cell(4, 0.6, 20.0)]
    chart = read_search_grid(searched(result, cells)).chart
    assert [(line.label, line.last) for line in chart.lines] == [
        ("beam 1", "12.00"),
        ("beam 4", "20.00"),
    ]
    # From the left edge to the right one, and 2 of the 11 points of BLEU upwards.
    assert [line.path for line in chart.lines] == [
        "M40.0 204.7L418.0 167.6",
        "M40.0 56.4L418.0 19.3",
    ]


def test_one_search_has_a_shade_too(result: Result):
    grid = read_search_grid(searched(result, [cell(1, 0.0, 10.0)]))
    assert grid.rows[1][0].shade == 0 and len(grid.chart.lines) == 1


def test_no_search_is_no_table(result: Result):
    assert read_search_grid(searched(result, [])) is None


@pytest.mark.parametrize("cells", [None, 3, [{"tokenised_bleu": 1.0}], ["text"]])
def test_a_damaged_grid_is_told(result: Result, cells: object):
    with pytest.raises(
        DataError, match=r"translation\.search_grid .* evaluate@translation_sinusoid"
    ):
        read_search_grid(searched(result, cells))


@pytest.mark.parametrize(
    ("bleu", "edge"),
    [((10.0, 12.0, 18.0, 20.0), True), ((10.0, 21.0, 18.0, 20.0), True),
     ((10.0, 12.0, 18.0, 17.0), False)],
)  # fmt: skip
def test_a_best_penalty_at_the_edge_of_those_tried_is_told(result: Result, bleu, edge: bool):
    searches = [(1, 0.0), (1, 0.6), (4, 0.0), (4, 0.6)]
    cells = [cell(*search, each) for search, each in zip(searches, bleu, strict=True)]
    assert read_search_grid(searched(result, cells)).has_its_best_at_the_edge is edge
    alone = read_search_grid(searched(result, cells[::2]))  # of one penalty
    assert not alone.has_its_best_at_the_edge

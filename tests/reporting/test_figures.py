import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reporting.figures import (
    _spread,
    chart,
    effect,
    four_digits,
    interval_chart,
    linear_chart,
    log_chart,
    loss_limits,
    strips,
    thinned,
    ticks,
)
from pipeline.reporting.scores import Metric, Row, Score, Table


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1000, [0, 200, 400, 600, 800, 1000]),
        (0.47, 2.62, [0.5, 1.0, 1.5, 2.0, 2.5]),
        (3.0, 3.0, [3.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]):
    assert ticks(low, high) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.2534, "1.253"),
        (4.441e-16, "4.441 · 10⁻¹⁶"),
        (1e-6, "1 · 10⁻⁶"),
        (64, "64"),
        (0.05, "0.05"),
    ],
)
def test_long_numbers_have_a_power_of_ten(value: float, expected: str):
    assert four_digits(value) == expected


@given(st.floats(-100, 100), st.floats(0.001, 1000))
def test_ticks_lie_inside_and_are_few(low: float, width: float):
    values = ticks(low, low + width)
    assert 1 <= len(values) <= 8
    assert all(low - 1e-6 * width <= value <= low + width * (1 + 1e-6) for value in values)


def test_thinning_keeps_the_mean():
    points = [(step, float(step % 7)) for step in range(1, 961)]
    thin = thinned(points)
    assert len(thin) == 240
    assert thin[0] == (2.5, (1 + 2 + 3 + 4) / 4)
    mean = sum(loss for _, loss in thin) / 240
    assert mean == pytest.approx(sum(loss for _, loss in points) / 960)


def test_limits_cut_the_first_steps_but_no_validation():
    train = [(step, 100.0 if step == 1 else 1.0) for step in range(1, 201)]
    low, high = loss_limits([train], [[(100, 3.0)]])
    assert low < 1.0 and 3.0 < high < 4.0


def test_chart_puts_lower_losses_lower():
    drawn = chart([("a", [(0, 2.0), (100, 1.0)])], (1.0, 2.0), "nats").lines[0]
    assert drawn.path == "M40.0 10.0L418.0 214.0"
    assert drawn.last == "1.000"


@pytest.mark.parametrize(
    ("low", "high", "labels", "last"),
    [
        (2e-3, 0.54321, ["0.001", "0.01", "0.1", "1"], "0.543"),
        (1200.0, 6815.3, ["1,000", "10,000"], "6,820"),
        (0.5, 123456.0, ["10⁻¹", "10⁰", "10¹", "10²", "10³", "10⁴", "10⁵", "10⁶"], "1.23 · 10⁵"),
        (2e9, 9.999e9, ["10⁹", "10¹⁰"], "1 · 10¹⁰"),
        (3e-5, 4e-5, ["10⁻⁵", "10⁻⁴"], "4 · 10⁻⁵"),
    ],
)
def test_powers_of_ten_are_written_out_as_long_as_they_are_short(low, high, labels, last):
    drawn = log_chart([("a", [(1, low), (2, high)])], "n", "seconds")
    assert ([tick.label for tick in drawn.y_ticks], drawn.lines[0].last) == (labels, last)


def test_long_labels_have_a_wider_margin():
    short, long = (log_chart([("a", [(1, 1.0), (2, high)])], "n", "MiB") for high in (9.0, 9999.0))
    assert (short.left, long.left) == (40, 58)
    assert long.lines[0].path.startswith("M58.0 ")


def test_strips_share_an_axis():
    metric = Metric("m", "m", "m", 1, True, has_interval=True)
    rows = (Row("run", "run", None, (Score(3.0, 2.0, 4.0),)), Row("b", None, None, (Score(0.0),)))
    run, baseline = strips(Table((metric,), (*rows, Row("none", None, None, (None,))), "r", 1))[:2]
    assert baseline.at == 8.0 and run.high == 192.0
    assert math.isclose(run.at, 8 + 184 * 0.75)


def test_the_mean_of_several_seeds_has_its_spread_on_either_side():
    metric = Metric("m", "m", "m", 1, True, has_interval=True)
    rows = (Row("run", "run", None, (Score(3.0, spread=1.0, seeds=2),)),
            Row("b", None, None, (Score(0.0),)))  # fmt: skip
    run, baseline = strips(Table((metric,), rows, "r", 1))
    assert (baseline.at, run.high) == (8.0, 192.0)
    assert math.isclose(run.low, 8 + 184 * 0.5)


def test_an_effect_stands_beside_its_bound_which_is_at_the_same_place_for_all():
    drawn = effect(1.0, 0.5, 1.5, 3.0, -1.0)  # the published one is as far right as there is room
    assert (drawn.bound, drawn.published) == (60.0, 192.0)
    assert (drawn.low, drawn.at, drawn.high) == (60 + 132 * 1.5 / 4, 126.0, 60 + 132 * 2.5 / 4)
    drawn = effect(-2.0, -4.0, 1.0, None, 0.0)  # the left has less room than the right
    assert (drawn.low, drawn.at, drawn.bound, drawn.high) == (8.0, 34.0, 60.0, 73.0)
    assert effect(0.0, 0.0, 0.0, None, 0.0).at == 60.0


def test_a_line_is_labelled_at_its_end_and_labels_do_not_overlap():
    lines = [("a", [(0, 1.0), (1, 0.50)]), ("b", [(0, 2.0), (1, 0.51)]), ("c", [(0, 1), (1, 9.0)])]
    drawn = linear_chart(lines, "x", "y")
    heights = sorted(line.label_y for line in drawn.lines)
    assert all(after - before >= 13 for before, after in zip(heights, heights[1:], strict=False))
    b, a = (next(line.label_y for line in drawn.lines if line.label == name) for name in "ba")
    assert b < a  # in the order of the ends
    many = linear_chart([(str(number), [(0, 1.0), (1, 1.0)]) for number in range(6)], "x", "y")
    assert {line.label_y for line in many.lines} == {None}


def test_a_mark_stands_where_its_value_is():
    linear = linear_chart([("a", [(0, 1.0), (4, 2.0)])], "x", "y", [(1, "one")])
    assert linear.marks[0].at == linear.left + (linear.right - linear.left) / 4
    log = log_chart([("a", [(1, 1.0), (16, 2.0)])], "x", "y", [(2, "two")])
    assert log.marks[0].at == log.left + (log.right - log.left) / 4


ACCURACY = Metric("accuracy", "accuracy", "", 1, True, has_interval=True, percent=True)


def test_scores_stand_at_their_column_and_value_with_their_intervals():
    rows = [
        ("one", [Score(0.4, 0.2, 0.6), None]),
        ("two", [Score(0.6, spread=0.1, seeds=3), Score(0.8, 0.7, 1.0)]),
    ]
    drawn = interval_chart(rows, [("guess", [Score(0.3), Score(0.5)])], "AB", "labels", ACCURACY)
    assert [tick.label for tick in drawn.y_ticks] == ["20", "40", "60", "80", "100"]
    y = {tick.label: tick.at for tick in drawn.y_ticks}
    a, b = (tick.at for tick in drawn.x_ticks)
    assert [tick.label for tick in drawn.x_ticks] == ["A", "B"]
    assert a - drawn.left == pytest.approx((drawn.right - drawn.left) / 4)
    one, two, guess = drawn.lines
    (only,) = one.points
    assert (only.y, only.low, only.high) == (y["40"], y["20"], y["60"])
    assert only.text == "40.0 % [20.0 %, 60.0 %], A labels"
    first, last = two.points
    assert (first.x, last.x) == (a, b)  # the middle of three lines
    assert only.x == pytest.approx(a - (b - a) / 6, abs=0.1)  # a third of half a column to the left
    assert first.low - first.y == pytest.approx(first.y - first.high, abs=0.1)  # ± 0.1
    assert first.low - first.high == pytest.approx(y["40"] - y["60"], abs=0.1)
    assert (last.low, last.high) == (pytest.approx((y["60"] + y["80"]) / 2, abs=0.1), y["100"])
    assert two.path == f"M{a} {first.y}L{b} {last.y}" and two.last == last.text
    assert (one.index, two.index, guess.index) == (0, 1, None)
    assert guess.points[0].low is None and guess.points[0].text == "30.0 %, A labels"


def test_a_line_that_ends_early_is_led_to_its_label():
    rows = [("early", [Score(0.4), None]), ("late", [Score(0.3), Score(0.4)])]
    early, late = interval_chart(rows, [], "AB", "labels", ACCURACY).lines
    for line in (early, late):
        end = line.points[-1]
        assert line.aside.leader.startswith(f"M{end.x} {end.y}H418L")
        assert line.aside.leader.endswith(f" {line.aside.y}") and line.aside.x > 418
    assert early.points[-1].y == late.points[-1].y
    assert abs(early.aside.y - late.aside.y) == pytest.approx(13)
    long = interval_chart([("a word or " * 9, [Score(0.4)])], [], "A", "labels", ACCURACY).lines[0]
    assert long.aside.text == "a word or a word or a word or a word or…" and len(long.label) == 90


@given(st.lists(st.floats(0, 300), max_size=20))
def test_labels_are_apart_in_the_order_of_their_lines_and_inside(ends: list[float]):
    heights = _spread(ends, 10.0, 300.0)
    ordered = [height for _, height in sorted(zip(ends, heights, strict=True))]
    assert all(b - a >= 12.9 for a, b in zip(ordered, ordered[1:], strict=False))
    assert all(10.0 <= height <= 300.0 for height in heights)
    if all(b - a >= 13 for a, b in zip([-3.0, *sorted(ends)], sorted(ends), strict=False)):
        assert heights == [round(end, 1) for end in ends]  # none has to move

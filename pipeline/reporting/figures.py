"""The geometry of the figures; templates/figures.html draws it, so that CSS decides the colours."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.reporting.scores import Table

_WIDTH, _HEIGHT = 440, 250  # units of the viewBox: about CSS pixels, so that text keeps its size
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 22, 10, 36  # at least
_DIGIT, _POINT, _GAP = 9, 5, 8  # of the labels at the left, at the size that they have on a phone
_PLAIN = range(-3, 5)  # the powers of ten that are written out
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_POINTS = 240  # of a line; more cannot be told apart
_BAR_WIDTH = 160  # of the strip that shows intervals

Points = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is, in units of the viewBox, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """One run's line: `index` chooses its colour and dash, `last` is its last value as text."""

    label: str
    index: int
    path: str
    last: str


@dataclass(frozen=True)
class Chart:
    """Lines over an axis; `x_label` and `y_label` say what the axes count."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x_label: str
    y_label: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]


@dataclass(frozen=True)
class _Axis:
    """What it counts, where it begins and ends, where it has marks, and its text of a value."""

    label: str
    low: float
    high: float
    marks: list[float]
    text: Callable[[float], str]


@dataclass(frozen=True)
class Strip:
    """A score and its interval on the axis that a table's rows share."""

    width: int
    at: float
    low: float | None
    high: float | None


def ticks(low: float, high: float, count: int = 7) -> list[float]:
    """Return about `count` round numbers within [low, high]: 1, 2 or 5 times a power of ten."""
    raw = (high - low) / max(count - 1, 1)
    if raw <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def thinned(points: Points) -> list[tuple[float, float]]:
    """Return at most _MAX_POINTS points, each the mean of as many neighbours."""
    array = np.asarray(points, dtype=np.float64)
    bins = np.array_split(array, min(len(array), _MAX_POINTS))
    return [(float(mean[0]), float(mean[1])) for mean in (part.mean(axis=0) for part in bins)]


def chart(lines: Sequence[tuple[str, Points]], limits: tuple[float, float]) -> Chart:
    """Return the chart of `lines` (label, points); losses beyond `limits` are cut off."""
    drawn = [(label, thinned(points)) for label, points in lines]
    last_step = max(step for _, points in lines for step, _ in points)
    updates = _Axis("updates", 0, max(last_step, 1), ticks(0, last_step), "{:,.0f}".format)
    return _chart(drawn, updates, _linear("nats per token", *limits), "{:.3f}".format)


def linear_chart(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], x_label: str, y_label: str
) -> Chart:
    """Return the chart of `lines` (label, points), with some room above and below them."""
    across = [x for _, points in lines for x, _ in points]
    upwards = [y for _, points in lines for _, y in points]
    room = 0.05 * (max(upwards) - min(upwards)) or 0.5
    return _chart(
        lines,
        _linear(x_label, min(across), max(across)),
        _linear(y_label, min(upwards) - room, max(upwards) + room),
        "{:.2f}".format,
    )


def _linear(label: str, low: float, high: float) -> _Axis:
    """An axis with round marks, whose texts have as many decimals as they need."""
    marks = ticks(low, high)
    decimals = max(len(f"{value:.10f}".rstrip("0").partition(".")[2]) for value in marks)
    return _Axis(label, low, high, marks, f"{{:.{decimals}f}}".format)


def log_chart(lines: Sequence[tuple[str, Points]], x_label: str, y_label: str) -> Chart:
    """Return the chart of `lines` (label, points) with a logarithm on both axes.

    Marks are powers of two on the x axis and powers of ten on the y axis, all written out or none.
    """
    across = [x for _, points in lines for x, _ in points]
    upwards = [y for _, points in lines for _, y in points]
    powers = range(math.floor(math.log10(min(upwards))), math.ceil(math.log10(max(upwards))) + 1)
    doublings = range(math.ceil(math.log2(min(across))), math.floor(math.log2(max(across))) + 1)
    return _chart(
        [(label, [(math.log2(x), math.log10(y)) for x, y in points]) for label, points in lines],
        _Axis(
            x_label,
            math.log2(min(across)),
            math.log2(max(across)),
            list(doublings),
            lambda power: f"{2**power:,.0f}",
        ),
        _Axis(
            y_label,
            powers[0],
            powers[-1],
            list(powers),
            (lambda power: f"{10**power:,.9g}") if set(powers) <= set(_PLAIN) else _power_of_ten,
        ),
        lambda power: _three_digits(10**power),
    )


def _power_of_ten(power: int) -> str:
    return f"10{str(power).translate(_SUPERSCRIPTS)}"


def _three_digits(value: float) -> str:
    """Three significant digits of `value`, with a power of ten if it would be long."""
    digits, power = f"{value:.2e}".split("e")
    if int(power) in _PLAIN:
        return f"{float(f'{value:.3g}'):,g}"
    return f"{float(digits):g} · {_power_of_ten(int(power))}"


def _chart(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    x_axis: _Axis,
    y_axis: _Axis,
    last: Callable[[float], str],
) -> Chart:
    """Lay out `lines` (label, points) whose points are in the units of the axes."""
    left = max(_LEFT, _GAP + max(_width(y_axis.text(mark)) for mark in y_axis.marks))

    def x_of(value: float) -> float:
        share = (value - x_axis.low) / ((x_axis.high - x_axis.low) or 1)
        return left + (_WIDTH - left - _RIGHT) * share

    def y_of(value: float) -> float:
        share = (y_axis.high - value) / ((y_axis.high - y_axis.low) or 1)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * share

    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        left=left,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        bottom=_HEIGHT - _BOTTOM,
        x_label=x_axis.label,
        y_label=y_axis.label,
        x_ticks=[Tick(round(x_of(mark), 1), x_axis.text(mark)) for mark in x_axis.marks],
        y_ticks=[Tick(round(y_of(mark), 1), y_axis.text(mark)) for mark in y_axis.marks],
        lines=[
            Line(
                label,
                index,
                "M" + "L".join(f"{x_of(x):.1f} {y_of(y):.1f}" for x, y in points),
                last(points[-1][1]),
            )
            for index, (label, points) in enumerate(lines)
        ],
    )


def _width(label: str) -> int:
    return sum(_POINT if character in ".," else _DIGIT for character in label)


def loss_limits(train: Sequence[Points], validation: Sequence[Points]) -> tuple[float, float]:
    """Return the losses between which the charts of training and validation both draw.

    All validation losses and the lower 95 % of each run's training losses lie inside: the first
    steps, whose loss is many times the later ones, would press all else flat.
    """
    losses = [[loss for _, loss in thinned(points)] for points in train]
    validated = [loss for points in validation for _, loss in points]
    low = min([min(each) for each in losses] + validated)
    high = max([float(np.quantile(each, 0.95)) for each in losses] + validated)
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def strips(table: Table) -> list[Strip | None]:
    """Return, for each row, its first score as a mark on one axis from the least to the largest."""
    scores = [row.scores[0] for row in table.rows]
    ends = [
        end
        for score in scores
        if score
        for end in (score.value, score.low, score.high)
        if end is not None
    ]
    low, high = min(ends), max(ends)

    def at(value: float | None) -> float | None:
        if value is None:
            return None
        return round(8 + (_BAR_WIDTH - 16) * (value - low) / ((high - low) or 1), 1)

    return [
        Strip(_BAR_WIDTH, at(score.value), at(score.low), at(score.high)) if score else None
        for score in scores
    ]

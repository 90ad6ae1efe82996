"""Geometry of the figures, which templates/figures.html draws with the colours of the CSS."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.reporting.scores import Score, Table

_WIDTH, _HEIGHT = 440, 250  # units of the viewBox, about CSS pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 22, 10, 36  # minimum margins
_DIGIT, _POINT, _GAP = 9, 5, 8  # widths in the labels of the y axis on a phone
_PLAIN = range(-3, 5)  # powers of ten without an exponent
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_POINTS = 240  # of a line
_MAX_LABELS, _MAX_LABEL = 5, 40  # lines of a chart, and characters, that are labelled directly
_LINE = 13  # height of a label
_STRIP_WIDTH, _STRIP_MARGIN = 200, 8
_BOUND = 60  # of a test, in a strip

Points = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Tick:
    """A tick: position in units of the viewBox, and label."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """Line of a run: `index` selects colour and dash, `last` is the formatted last value."""

    label: str
    index: int
    path: str
    last: str
    label_y: float | None  # of its label beside its end; None if the legend has it alone


@dataclass(frozen=True)
class Chart:
    """Line chart with its margins, ticks and axis labels."""

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
    marks: list[Tick]  # labelled vertical lines


@dataclass(frozen=True)
class _Axis:
    """Label, range, ticks and value format of an axis."""

    label: str
    low: float
    high: float
    ticks: list[float]
    format: Callable[[float], str]


@dataclass(frozen=True)
class Strip:
    """A score and its interval on an axis shared by the rows of a table."""

    width: int
    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Effect:
    """A difference and its interval beside the bound of its test and the published difference."""

    width: int
    at: float
    low: float
    high: float
    bound: float
    published: float | None


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
    """Average neighbouring points down to at most _MAX_POINTS."""
    array = np.asarray(points, dtype=np.float64)
    bins = np.array_split(array, min(len(array), _MAX_POINTS))
    return [(float(mean[0]), float(mean[1])) for mean in (part.mean(axis=0) for part in bins)]


def chart(lines: Sequence[tuple[str, Points]], limits: tuple[float, float], y_label: str) -> Chart:
    """Draw `lines` (label, points); losses outside `limits` are clipped."""
    thin = [(label, thinned(points)) for label, points in lines]
    last_step = max(step for _, points in lines for step, _ in points)
    updates = _Axis(
        "optimizer updates", 0, max(last_step, 1), ticks(0, last_step), "{:,.0f}".format
    )
    return _chart(thin, updates, _linear(y_label, *limits), "{:.3f}".format)


def linear_chart(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    x_label: str,
    y_label: str,
    marks: Sequence[tuple[float, str]] = (),
) -> Chart:
    """Draw `lines` (label, points) with linear axes and a vertical margin, and `marks` on x."""
    xs = [x for _, points in lines for x, _ in points]
    ys = [y for _, points in lines for _, y in points]
    margin = 0.05 * (max(ys) - min(ys)) or 0.5
    return _chart(
        lines,
        _linear(x_label, min(xs), max(xs)),
        _linear(y_label, min(ys) - margin, max(ys) + margin),
        "{:.2f}".format,
        marks,
    )


def _linear(label: str, low: float, high: float) -> _Axis:
    """Build an axis with round ticks and as many decimals as they need."""
    values = ticks(low, high)
    decimals = max(len(f"{value:.10f}".rstrip("0").partition(".")[2]) for value in values)
    return _Axis(label, low, high, values, f"{{:.{decimals}f}}".format)


def log_chart(
    lines: Sequence[tuple[str, Points]],
    x_label: str,
    y_label: str,
    marks: Sequence[tuple[float, str]] = (),
) -> Chart:
    """Draw `lines` (label, points) with logarithmic axes, and `marks` on x.

    Ticks are powers of two on the x axis and powers of ten on the y axis, all plain or none.
    """
    xs = [x for _, points in lines for x, _ in points]
    ys = [y for _, points in lines for _, y in points]
    powers = range(math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys))) + 1)
    doublings = range(math.ceil(math.log2(min(xs))), math.floor(math.log2(max(xs))) + 1)
    return _chart(
        [(label, [(math.log2(x), math.log10(y)) for x, y in points]) for label, points in lines],
        _Axis(
            x_label,
            math.log2(min(xs)),
            math.log2(max(xs)),
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
        [(math.log2(x), label) for x, label in marks],
    )


def _power_of_ten(power: int) -> str:
    return f"10{str(power).translate(_SUPERSCRIPTS)}"


def four_digits(value: float) -> str:
    """Format `value` with four significant digits, with a power of ten if it is long."""
    digits, _, power = f"{value:.4g}".partition("e")
    return f"{digits} · {_power_of_ten(int(power))}" if power else digits


def _three_digits(value: float) -> str:
    """Format `value` with three significant digits, with a power of ten if it is long."""
    digits, power = f"{value:.2e}".split("e")
    if int(power) in _PLAIN:
        return f"{float(f'{value:.3g}'):,g}"
    return f"{float(digits):g} · {_power_of_ten(int(power))}"


def _chart(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    x_axis: _Axis,
    y_axis: _Axis,
    format_last: Callable[[float], str],
    marks: Sequence[tuple[float, str]] = (),
) -> Chart:
    """Lay out `lines` (label, points) with points in the units of the axes."""
    left = max(_LEFT, _GAP + max(_width(y_axis.format(tick)) for tick in y_axis.ticks))

    def x_of(value: float) -> float:
        share = (value - x_axis.low) / ((x_axis.high - x_axis.low) or 1)
        return left + (_WIDTH - left - _RIGHT) * share

    def y_of(value: float) -> float:
        share = (y_axis.high - value) / ((y_axis.high - y_axis.low) or 1)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * share

    ends = [y_of(points[-1][1]) for _, points in lines]
    labels = _beside([label for label, _ in lines], ends)
    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        left=left,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        bottom=_HEIGHT - _BOTTOM,
        x_label=x_axis.label,
        y_label=y_axis.label,
        x_ticks=[Tick(round(x_of(tick), 1), x_axis.format(tick)) for tick in x_axis.ticks],
        y_ticks=[Tick(round(y_of(tick), 1), y_axis.format(tick)) for tick in y_axis.ticks],
        lines=[
            Line(
                label,
                index,
                "M" + "L".join(f"{x_of(x):.1f} {y_of(y):.1f}" for x, y in points),
                format_last(points[-1][1]),
                labels[index],
            )
            for index, (label, points) in enumerate(lines)
        ],
        marks=[
            Tick(round(x_of(x), 1), label) for x, label in marks if x_axis.low <= x <= x_axis.high
        ],
    )


def _beside(labels: Sequence[str], ends: Sequence[float]) -> list[float | None]:
    """Return the y of each label above the end of its line, without overlap; None if too many."""
    if len(labels) > _MAX_LABELS or any(len(label) > _MAX_LABEL for label in labels):
        return [None] * len(labels)
    order = sorted(range(len(ends)), key=lambda line: ends[line])
    heights: list[float | None] = [None] * len(ends)
    lowest = _HEIGHT - _BOTTOM - 4  # of what is left for the labels below
    for line in reversed(order):
        lowest = min(ends[line] - 5, lowest)
        heights[line] = round(max(lowest, _TOP + 8.0), 1)
        lowest -= _LINE
    return heights


def _width(label: str) -> int:
    return sum(_POINT if character in ".," else _DIGIT for character in label)


def loss_limits(train: Sequence[Points], validation: Sequence[Points]) -> tuple[float, float]:
    """Return the common loss limits of the charts of training and validation.

    They include all validation losses and the lower 95 % of each run's training losses, but not the
    much larger losses of the first steps.
    """
    losses = [[loss for _, loss in thinned(points)] for points in train]
    validation_losses = [loss for points in validation for _, loss in points]
    low = min([min(run) for run in losses] + validation_losses)
    high = max([float(np.quantile(run, 0.95)) for run in losses] + validation_losses)
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def strips(table: Table) -> list[Strip | None]:
    """Place the first score of each row on a common axis from the smallest to the largest."""
    scores = [row.scores[0] for row in table.rows]
    marks = [(score.value, *_ends(score)) if score else None for score in scores]
    ends = [end for mark in marks if mark for end in mark if end is not None]
    low, high = min(ends), max(ends)

    def at(value: float | None) -> float | None:
        if value is None:
            return None
        return round(
            _STRIP_MARGIN
            + (_STRIP_WIDTH - 2 * _STRIP_MARGIN) * (value - low) / ((high - low) or 1),
            1,
        )

    return [Strip(_STRIP_WIDTH, *map(at, mark)) if mark else None for mark in marks]


def _ends(score: Score) -> tuple[float | None, float | None]:
    """Return the ends of the interval, or a standard deviation over seeds on either side."""
    if score.spread is None:
        return score.low, score.high
    return score.value - score.spread, score.value + score.spread


def effect(
    difference: float, low: float, high: float, published: float | None, bound: float
) -> Effect:
    """Place a difference, its interval and the published one on an axis with the bound at _BOUND.

    So the bounds of several effects stand below each other; the scale is that of each effect.
    """
    known = [value - bound for value in (low, high, published) if value is not None]
    room = _STRIP_WIDTH - _STRIP_MARGIN
    scale = min(
        (room - _BOUND) / (max(0.0, *known) or math.inf),
        (_BOUND - _STRIP_MARGIN) / (max(0.0, *(-value for value in known)) or math.inf),
        key=lambda pixels: pixels or math.inf,
    )

    def at(value: float) -> float:
        return round(_BOUND + scale * (value - bound), 1)

    return Effect(
        _STRIP_WIDTH,
        at(difference),
        at(low),
        at(high),
        at(bound),
        None if published is None else at(published),
    )

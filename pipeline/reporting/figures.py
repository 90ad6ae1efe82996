"""Geometry of the figures, which templates/figures.html draws with the colours of the CSS."""

import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.measures import Metric
from pipeline.reporting.scores import Score, Table, as_text

_WIDTH, _HEIGHT = 440, 250  # units of the viewBox, about CSS pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 22, 10, 36  # minimum margins
_DIGIT, _POINT, _GAP = 9, 5, 8  # widths in the labels of the y axis on a phone
_PLAIN = range(-3, 5)  # powers of ten without an exponent
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_POINTS = 240  # of a line
_MAX_LABELS, _MAX_LABEL = 5, 40  # lines of a chart, and characters, that are labelled directly
_LINE = 13  # height of a label
_LEADER = 14  # width of what leads to a label on the right of a chart
_TALL = 340  # height of a chart with intervals
_SHARE = 0.5  # of a column, in which the lines of such a chart stand beside each other
_STRIP_WIDTH, _STRIP_MARGIN = 200, 8
_BOUND = 60  # of a test, in a strip

Points = Sequence[tuple[int, float]]
Scores = Sequence[Score | None]  # of a line by column; None: not measured


@dataclass(frozen=True)
class Tick:
    """A tick: position in units of the viewBox, and label."""

    at: float
    label: str


@dataclass(frozen=True)
class Point:
    """A score and the ends of its interval, if it has one, in units of the viewBox; and as text."""

    x: float
    y: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Aside:
    """Label of a line on the right of a chart, and the path that leads to it."""

    text: str
    x: int
    y: float
    leader: str


@dataclass(frozen=True)
class Line:
    """Line of a run: `last` is the formatted last value."""

    label: str
    index: int | None  # selects colour and dash; None: a baseline
    path: str
    last: str
    label_y: float | None  # of its label above its end; None if the legend or `aside` has it
    points: Sequence[Point] = ()
    aside: Aside | None = None


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
    marks: Sequence[Tick]  # labelled vertical lines


@dataclass(frozen=True)
class _Axis:
    """Label, range, ticks and value format of an axis."""

    label: str
    low: float
    high: float
    ticks: list[float]
    format: Callable[[float], str]


@dataclass(frozen=True)
class _Frame:
    """The axes of a chart and the margins around its lines."""

    x_axis: _Axis
    y_axis: _Axis
    height: int = _HEIGHT
    right: int = _WIDTH - _RIGHT  # where the lines end

    @cached_property
    def left(self) -> int:
        """Where the lines begin: the margin is as wide as the labels of the y axis."""
        labels = map(self.y_axis.format, self.y_axis.ticks)
        return max(_LEFT, _GAP + max(map(_width, labels)))

    @property
    def bottom(self) -> int:
        """Where the lines are lowest."""
        return self.height - _BOTTOM

    def x_of(self, value: float) -> float:
        """Return the x of a value, in units of the viewBox."""
        share = (value - self.x_axis.low) / ((self.x_axis.high - self.x_axis.low) or 1)
        return self.left + (self.right - self.left) * share

    def y_of(self, value: float) -> float:
        """Return the y of a value, in units of the viewBox."""
        share = (self.y_axis.high - value) / ((self.y_axis.high - self.y_axis.low) or 1)
        return _TOP + (self.bottom - _TOP) * share


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
    return _chart(thin, _Frame(updates, _linear(y_label, *limits)), "{:.3f}".format)


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
    y_axis = _linear(y_label, min(ys) - margin, max(ys) + margin)
    return _chart(lines, _Frame(_linear(x_label, min(xs), max(xs)), y_axis), "{:.2f}".format, marks)


def _linear(label: str, low: float, high: float, factor: int = 1) -> _Axis:
    """Build an axis with round ticks, labelled times `factor` with the decimals that they need."""
    values = ticks(low, high)
    decimals = max(len(f"{value * factor:.10f}".rstrip("0").partition(".")[2]) for value in values)
    return _Axis(label, low, high, values, lambda value: f"{value * factor:.{decimals}f}")


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
    x_axis = _Axis(
        x_label,
        math.log2(min(xs)),
        math.log2(max(xs)),
        list(doublings),
        lambda power: f"{2**power:,.0f}",
    )
    y_axis = _Axis(
        y_label,
        powers[0],
        powers[-1],
        list(powers),
        (lambda power: f"{10**power:,.9g}") if set(powers) <= set(_PLAIN) else _power_of_ten,
    )
    return _chart(
        [(label, [(math.log2(x), math.log10(y)) for x, y in points]) for label, points in lines],
        _Frame(x_axis, y_axis),
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


def interval_chart(
    lines: Sequence[tuple[str, Scores]],
    baselines: Sequence[tuple[str, Scores]],
    columns: Sequence[str],
    x_label: str,
    metric: Metric,
) -> Chart:
    """Draw `lines` and `baselines` (label, scores) with the interval of each score.

    Columns are equally far apart, and the lines stand beside each other in each. Labels stand on
    the right, outside the viewBox, and leaders go there also from lines that end earlier.
    """
    every = [*lines, *baselines]
    texts = [textwrap.shorten(label, _MAX_LABEL, placeholder="…") for label, _ in every]
    frame = _Frame(
        _Axis(x_label, -0.5, len(columns) - 0.5, range(len(columns)), columns.__getitem__),
        _reached([score for _, scores in every for score in scores if score], metric),
        max(_TALL, _TOP + _BOTTOM + _LINE * len(every)),
    )
    rows = [
        _points(frame, scores, _SHARE * ((number + 0.5) / len(every) - 0.5), metric)
        for number, (_, scores) in enumerate(every)
    ]
    heights = _spread([row[-1].y for row in rows], _TOP, frame.bottom)
    return _framed(
        frame,
        [
            Line(
                label,
                number if number < len(lines) else None,
                _path((point.x, point.y) for point in rows[number]),
                rows[number][-1].text,
                None,
                rows[number],
                _aside(frame, texts[number], rows[number][-1], heights[number]),
            )
            for number, (label, _) in enumerate(every)
        ],
    )


def _reached(scores: Sequence[Score], metric: Metric) -> _Axis:
    """Build the axis of a metric that holds `scores` and their intervals, with a margin."""
    values = [end for score in scores for end in (score.value, *_ends(score)) if end is not None]
    margin = 0.05 * (max(values) - min(values)) or 0.05
    unit, factor = (", %", 100) if metric.percent else ("", 1)
    return _linear(metric.label + unit, min(values) - margin, max(values) + margin, factor)


def _points(frame: _Frame, scores: Scores, offset: float, metric: Metric) -> list[Point]:
    """Place the scores of a line, which stands by `offset` beside the middle of each column."""
    points = []
    for column, score in enumerate(scores):
        if score:
            low, high = (None if end is None else round(frame.y_of(end), 1) for end in _ends(score))
            x, y = round(frame.x_of(column + offset), 1), round(frame.y_of(score.value), 1)
            at = f"{frame.x_axis.format(column)} {frame.x_axis.label}"
            points.append(Point(x, y, low, high, f"{as_text(metric, score)}, {at}"))
    return points


def _aside(frame: _Frame, text: str, last: Point, height: float) -> Aside:
    """Label the line that ends at the point `last`."""
    x = frame.right + _LEADER
    return Aside(text, x, height, f"M{last.x} {last.y}H{frame.right}L{x - 3} {height}")


def _chart(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    frame: _Frame,
    format_last: Callable[[float], str],
    marks: Sequence[tuple[float, str]] = (),
) -> Chart:
    """Lay out `lines` (label, points) with points in the units of the axes."""
    last = [frame.y_of(points[-1][1]) for _, points in lines]
    labels = _beside([label for label, _ in lines], last)
    return _framed(
        frame,
        [
            Line(
                label,
                index,
                _path((frame.x_of(x), frame.y_of(y)) for x, y in points),
                format_last(points[-1][1]),
                labels[index],
            )
            for index, (label, points) in enumerate(lines)
        ],
        [
            Tick(round(frame.x_of(x), 1), label)
            for x, label in marks
            if frame.x_axis.low <= x <= frame.x_axis.high
        ],
    )


def _framed(frame: _Frame, lines: list[Line], marks: Sequence[Tick] = ()) -> Chart:
    """Draw `lines` within the axes."""
    x_axis, y_axis = frame.x_axis, frame.y_axis
    return Chart(
        width=_WIDTH,
        height=frame.height,
        left=frame.left,
        right=frame.right,
        top=_TOP,
        bottom=frame.bottom,
        x_label=x_axis.label,
        y_label=y_axis.label,
        x_ticks=[Tick(round(frame.x_of(tick), 1), x_axis.format(tick)) for tick in x_axis.ticks],
        y_ticks=[Tick(round(frame.y_of(tick), 1), y_axis.format(tick)) for tick in y_axis.ticks],
        lines=lines,
        marks=marks,
    )


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _beside(labels: Sequence[str], lasts: Sequence[float]) -> list[float | None]:
    """Return the y of each label above the end of its line, without overlap; None if too many."""
    if len(labels) > _MAX_LABELS or any(len(label) > _MAX_LABEL for label in labels):
        return [None] * len(labels)
    return _spread([last - 5 for last in lasts], _TOP + 8, _HEIGHT - _BOTTOM - 4)


def _spread(wanted: Sequence[float], low: float, high: float) -> list[float]:
    """Return heights in the order of `wanted` and near them, at least _LINE apart.

    They are within [low, high] if there is room.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    heights = [*wanted]
    for line in reversed(order):
        heights[line] = high = min(heights[line], high)
        high -= _LINE
    for line in order:
        heights[line] = low = max(heights[line], low)
        low += _LINE
    return [round(height, 1) for height in heights]


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

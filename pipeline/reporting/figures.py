"""The geometry of the figures; templates/figures.html draws it, so that CSS decides the colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.reporting.scores import Table

_WIDTH, _HEIGHT = 440, 250  # units of the viewBox: about CSS pixels, so that text keeps its size
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 22, 10, 36
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
    """One run's line: `index` chooses its colour and dash."""

    label: str
    index: int
    path: str
    last: float


@dataclass(frozen=True)
class Chart:
    """Losses over steps."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]


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
    y_low, y_high = limits
    x_high = max(step for _, points in lines for step, _ in points)

    def x_of(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / max(x_high, 1)

    def y_of(loss: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (y_high - loss) / (y_high - y_low)

    y_values = ticks(y_low, y_high)
    decimals = max(len(f"{value:.10f}".rstrip("0").partition(".")[2]) for value in y_values)
    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        bottom=_HEIGHT - _BOTTOM,
        x_ticks=[Tick(round(x_of(step), 1), f"{step:,.0f}") for step in ticks(0, x_high)],
        y_ticks=[Tick(round(y_of(loss), 1), f"{loss:.{decimals}f}") for loss in y_values],
        lines=[
            Line(
                label,
                index,
                "M" + "L".join(f"{x_of(step):.1f} {y_of(loss):.1f}" for step, loss in points),
                points[-1][1],
            )
            for index, (label, points) in enumerate(drawn)
        ],
    )


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

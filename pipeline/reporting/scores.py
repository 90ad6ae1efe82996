"""Score tables, for the page and the terminal. The first metric of a task is the main one."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from pipeline.errors import DataError
from pipeline.measures import Baseline, Measures, Metric
from pipeline.reporting.results import Result, by_replicates, read_data_facts
from pipeline.tasks import part


def measures_of(result: Result) -> Measures:
    """Return the metrics and baselines of a run, which depend on its task and data."""
    facts = read_data_facts(result.run.dataset)
    return part(result.run.task, "measures").measures(result.run, result.dataset, facts)


@dataclass(frozen=True)
class Score:
    """A measured value with its 95 % interval, if it has one, or the mean of several seeds."""

    value: float
    low: float | None = None
    high: float | None = None
    spread: float | None = None  # standard deviation over seeds
    seeds: int = 1


def as_text(metric: Metric, score: Score | None) -> str:
    """Format a score with its interval as plain text."""
    if score is None:
        return "–"
    text = metric.format(score.value)
    if score.spread is not None:
        return f"{text} ± {metric.format(score.spread)} ({score.seeds} seeds)"
    if score.low is None or score.high is None:
        return text
    return f"{text} [{metric.format(score.low)}, {metric.format(score.high)}]"


@dataclass(frozen=True)
class Row:
    """A run, with its replicates, or a baseline; `scores` by metric, None if it has none."""

    label: str
    run: str | None  # the name of the run with the first seed, None for a baseline
    parameters: int | None
    scores: tuple[Score | None, ...]
    definition: str = ""  # of a baseline, if its label is not clear


@dataclass(frozen=True)
class Table:
    """Scores of the runs of one task on one data set, followed by the baselines."""

    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    records: str
    record_count: int

    @property
    def runs(self) -> list[Row]:
        """Rows of the runs."""
        return [row for row in self.rows if row.run]

    def without(self, metrics: Collection[Metric]) -> "Table":
        """Return the table without the columns of `metrics`."""
        kept = [at for at, metric in enumerate(self.metrics) if metric not in metrics]
        rows = tuple(replace(row, scores=tuple(row.scores[at] for at in kept)) for row in self.rows)
        return replace(self, metrics=tuple(self.metrics[at] for at in kept), rows=rows)

    @property
    def best_baseline(self) -> tuple[str, Score] | None:
        """Label and score of the best baseline by the first metric, if any has it."""
        scored = [(row.label, row.scores[0]) for row in self.rows if not row.run and row.scores[0]]
        sign = 1 if self.metrics[0].higher_is_better else -1
        return max(scored, key=lambda pair: sign * pair[1].value, default=None)


def tabulate(results: Sequence[Result]) -> Table:
    """Build the table of `results`, which share task and data set."""
    measures = measures_of(results[0])
    metrics = tuple(
        metric
        for metric in measures.metrics
        if not metric.optional or any(metric.key in result.metrics["test"] for result in results)
    )
    runs = [
        Row(
            group[0].run.title,
            group[0].name,
            group[0].parameters,
            tuple(mean_of([_measured(result, metric) for result in group]) for metric in metrics),
        )
        for group in by_replicates(results)
    ]
    baselines = [
        Row(
            baseline.label,
            None,
            None,
            tuple(
                Score(_number(measured, "baseline", baseline.keys[metric.key]))
                if metric.key in baseline.keys
                else None
                for metric in metrics
            ),
            baseline.definition,
        )
        for baseline in measures.baselines
        if (measured := _first_with(baseline, results))
    ]
    count = int(_number(results[0], "test", measures.records))
    return Table(metrics, (*runs, *baselines), measures.records, count)


def _first_with(baseline: Baseline, results: Sequence[Result]) -> Result | None:
    """Return the first run with an optional baseline, or the first run if it is not optional."""
    if not baseline.optional:
        return results[0]
    keys = set(baseline.keys.values())
    return next((run for run in results if run.metrics["baseline"].keys() >= keys), None)


def mean_of(scores: Sequence[Score | None]) -> Score | None:
    """Return the mean of the scores of several seeds, or the score of a single one."""
    if len(scores) == 1 or None in scores:
        return scores[0]
    values = [score.value for score in scores]
    return Score(fmean(values), spread=stdev(values), seeds=len(values))


def _measured(result: Result, metric: Metric) -> Score | None:
    if metric.optional and metric.key not in result.metrics["test"]:
        return None
    part, _, key = metric.key.rpartition(".")
    value = _number(result, part or "test", key)
    if not metric.has_interval:
        return Score(value)
    low, high = (_number(result, "test", f"{metric.key}_{end}") for end in ("low", "high"))
    return Score(value, low, high)


def _number(result: Result, part: str, key: str) -> float:
    value = result.metrics.get(part, {}).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(
            f"{result.metrics_path}: {result.section}.{part}.{key} = {value!r} is not a number; "
            f"run `dvc repro evaluate@{result.name}`"
        )
    return float(value)

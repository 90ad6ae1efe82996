"""Metrics and trivial baselines of a task.

A metric is a function of sums over test records: `compute` maps the summed columns `statistics` of
reports/records/<run>.parquet to the score. Scores of resampled records therefore need no samples.
"""

from dataclasses import dataclass

from pipeline.statistics.compute import Compute, ratio


@dataclass(frozen=True)
class Metric:
    """A metric: key, sufficient statistics, and format."""

    key: str  # in `test`, or validation.<key>; the interval is <key>_low and <key>_high
    label: str
    definition: str
    decimals: int
    higher_is_better: bool
    has_interval: bool = False
    optional: bool = False  # shown if a run has it
    percent: bool = False
    statistics: tuple[str, ...] = ()  # columns of a run's records
    compute: Compute = ratio  # maps sums (..., statistic) to scores (...)
    headline: str | None = None  # short name among the metrics of DVC, whose tables are wide

    @property
    def split(self) -> str | None:
        """Split in the key; None for a score of every test set."""
        return self.key.rpartition(".")[0] or None

    def format(self, value: float, more: int = 0) -> str:
        """Format `value` with the decimals of this metric, or with some `more` for a difference."""
        text = f"{value * 100 if self.percent else value:.{self.decimals + more}f}"
        return f"{text} %" if self.percent else text


@dataclass(frozen=True)
class Baseline:
    """A trivial predictor for comparison."""

    label: str
    keys: dict[str, str]  # metric's key -> key in `baseline`
    optional: bool = False  # shown if it was measured
    definition: str = ""  # if the label is not clear


@dataclass(frozen=True)
class Measures:
    """The metrics and the baselines of a task."""

    metrics: tuple[Metric, ...]
    baselines: tuple[Baseline, ...]
    records: str  # key in `test` of the number of records
    compared_by: tuple[Metric, ...] = ()  # preferred for comparisons of runs that recorded them
    for_claims: tuple[Metric, ...] = ()  # in no table: baselines and parts of scores, by record

    @property
    def comparable(self) -> tuple[Metric, ...]:
        """Metrics with sufficient statistics, the default first."""
        metrics = (*self.compared_by, *self.metrics, *self.for_claims)
        return tuple(metric for metric in metrics if metric.statistics)

"""What a task measures: its metrics, and the trivial baselines that a network has to beat.

A metric is a function of sums over the test records: the columns `statistics` of
reports/records/<run>.parquet, added up, are all that `compute` needs. So a score of resampled
records follows from the records alone, and nothing has to be generated or scored again.
"""

from dataclasses import dataclass

from pipeline.statistics.compute import Compute, ratio


@dataclass(frozen=True)
class Metric:
    """A measured number and how it is printed."""

    key: str  # in `test`, or validation.<key>; its interval has the keys <key>_low and <key>_high
    label: str
    definition: str
    decimals: int
    higher_is_better: bool
    has_interval: bool = False
    optional: bool = False  # shown where a run has it
    percent: bool = False
    statistics: tuple[str, ...] = ()  # columns of a run's records, whose sums decide the score
    compute: Compute = ratio  # maps sums (..., statistic) to scores (...)

    @property
    def split(self) -> str | None:
        """The split that the key names; None if it is a score of every test set."""
        return self.key.rpartition(".")[0] or None

    def format(self, value: float) -> str:
        """Return `value` with this metric's decimals."""
        text = f"{value * 100 if self.percent else value:.{self.decimals}f}"
        return f"{text} %" if self.percent else text


@dataclass(frozen=True)
class Baseline:
    """A trivial predictor: what a network has to beat."""

    label: str
    keys: dict[str, str]  # metric's key -> key in `baseline`
    optional: bool = False  # shown where it was measured
    definition: str = ""  # where its label does not say it


@dataclass(frozen=True)
class Measures:
    """The metrics and the baselines of a task."""

    metrics: tuple[Metric, ...]
    baselines: tuple[Baseline, ...]
    records: str  # the key in `test` that counts what was resampled
    compared_by: tuple[Metric, ...] = ()  # by these runs are compared, where they have its records

    @property
    def comparable(self) -> tuple[Metric, ...]:
        """The metrics that runs can be compared by, the usual one first."""
        return tuple(each for each in (*self.compared_by, *self.metrics) if each.statistics)

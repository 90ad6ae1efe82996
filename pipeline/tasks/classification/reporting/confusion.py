"""Which classes the best network takes for which."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import DataError
from pipeline.reporting.results import Result, by_dataset
from pipeline.tasks.classification.reporting.passages import SHADES


@dataclass(frozen=True)
class Confusion:
    """Passages of each class (row) by the class that a network predicts (column)."""

    result: Result
    classes: list[str]
    counts: list[list[int]]

    def shade(self, row: int, column: int) -> int:
        """How dark a cell is: 0 to SHADES, by its share of the row."""
        return round(SHADES * self.counts[row][column] / max(sum(self.counts[row]), 1))


def confusions(results: Sequence[Result]) -> list[Confusion]:
    """Return the matrix of the most accurate run on each data set."""
    return [
        _confusion(max(group, key=lambda result: result.metrics["test"]["accuracy"]))
        for group in by_dataset(results).values()
    ]


def _confusion(result: Result) -> Confusion:
    counts, classes = result.metrics.get("confusion"), result.metrics.get("classes")
    if not counts or not classes or any(len(row) != len(classes) for row in counts):
        raise DataError(
            f"{result.metrics_path}: {result.section}.confusion is no matrix of its classes; run "
            f"`dvc repro evaluate@{result.name}`"
        )
    return Confusion(result, classes, counts)

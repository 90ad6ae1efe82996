"""The section of classification on the page: accuracy against labels, and what heads look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result, by_replicates
from pipeline.reporting.section import Loss, TaskPage
from pipeline.tasks.classification.reporting.labels import ByLabels, by_labels
from pipeline.tasks.classification.reporting.passages import Shown, read_shown


@dataclass(frozen=True)
class Section:
    """What the section shows beside the tables of all tasks."""

    by_labels: list[ByLabels]
    shown: list[Shown]


def show(results: Sequence[Result], report: Report) -> Section:
    """Read the passages of the runs with attention, of replicates the first that is here."""
    here = [result for result in results if result.is_here]
    first = [group[0] for group in by_replicates(here)]
    return Section(by_labels(results), [shown for each in first if (shown := read_shown(each))])


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"), show=show, loss=Loss("nats per passage")
)

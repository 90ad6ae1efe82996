"""The section of classification on the page: accuracy against labels, what heads look at, and what
networks that were pre-trained fill in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result, first_seeds
from pipeline.reporting.section import Loss, TaskPage
from pipeline.tasks.classification.reporting.confusion import Confusion, confusions
from pipeline.tasks.classification.reporting.guesses import Guessed, read_guesses
from pipeline.tasks.classification.reporting.labels import ByLabels, by_labels
from pipeline.tasks.classification.reporting.passages import Shown, read_shown
from pipeline.tasks.classification.settings import Target, target_of


@dataclass(frozen=True)
class Section:
    """What the section shows beside the tables of all tasks."""

    by_labels: list[ByLabels]
    confusions: list[Confusion]
    shown: list[Shown]
    guessed: list[Guessed]


def show(results: Sequence[Result], report: Report) -> Section:
    """Read the passages of the runs with attention, of replicates the first that is here."""
    classifiers, pre_trained = [], []
    for result in results:
        of_classes = target_of(result.run.model) is Target.CLASS
        (classifiers if of_classes else pre_trained).append(result)
    return Section(
        by_labels(classifiers),
        confusions(classifiers),
        [shown for each in _first_here(classifiers) if (shown := read_shown(each))],
        [read_guesses(each) for each in _first_here(pre_trained)],
    )


def _first_here(results: Sequence[Result]) -> list[Result]:
    """Return of replicates the first that is here."""
    return first_seeds(result for result in results if result.is_here)


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"), show=show, loss=Loss("nats per class or piece")
)

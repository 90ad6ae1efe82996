"""The best test score of each task, for those who only see a link to the report."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.reporting.results import Result, by_dataset, by_task, by_test
from pipeline.reporting.scores import Table, tabulate
from pipeline.tasks import specs


@dataclass(frozen=True)
class Headline:
    """The best test score of a task on its first data set."""

    task: str
    title: str  # of the task
    score: str  # such as "BLEU 15.2"


def read_headlines(results: Sequence[Result]) -> list[Headline]:
    """Return the headline of each task, in the order of the report."""
    found = []
    for task, of_task in by_task(results).items():
        on_first = next(iter(by_dataset(of_task).values()))
        found.append(
            Headline(task, specs()[task].title, _best(tabulate(by_test(on_first)["test"])))
        )
    return sorted(found, key=lambda headline: specs()[headline.task].order)


def describe(headlines: Sequence[Headline]) -> str:
    """Return a sentence with all headlines."""
    scores = "; ".join(f"{each.title}: {each.score}" for each in headlines)
    return f"Networks trained from scratch, and the best test score of each task. {scores}."


def _best(table: Table) -> str:
    metric = table.metrics[0]
    values = [row.scores[0].value for row in table.runs if row.scores[0]]
    best = max(values) if metric.higher_is_better else min(values)
    return f"{metric.label} {metric.format(best)}"

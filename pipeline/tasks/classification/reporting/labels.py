"""Accuracy of each network against the number of labels that it learned from."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.measures import Metric
from pipeline.reporting.figures import Chart, Scores, interval_chart
from pipeline.reporting.results import Result, by_dataset
from pipeline.reporting.scores import Score, tabulate
from pipeline.tasks.classification.settings import ClassificationRun

_LABELS = re.compile(r", \d+ labels a class$")  # at the end of the title of a run with few
_BASELINES = {"keyword": "One keyword a class", "bayes": "Naive Bayes"}  # the last is drawn


@dataclass(frozen=True)
class ByLabels:
    """Accuracies on a data set: scores of each network and baseline by the number of labels."""

    dataset: str
    metric: Metric
    labels: list[int | None]  # a class; None: all
    networks: list[tuple[str, Scores]]
    baselines: list[tuple[str, Scores]]
    runs: list[str]  # names

    @property
    def columns(self) -> list[str]:
        """The numbers of labels as text."""
        return ["all" if number is None else str(number) for number in self.labels]

    @property
    def chart(self) -> Chart:
        """A line for each network, and for the best baseline."""
        return interval_chart(
            self.networks, self.baselines[-1:], self.columns, "labels a class", self.metric
        )


def by_labels(results: Sequence[Result]) -> list[ByLabels]:
    """Return a table for each data set on which networks learned from several numbers of labels."""
    tables = [_table(name, group) for name, group in by_dataset(results).items()]
    return [table for table in tables if len(table.labels) > 1]


def _table(dataset: str, results: Sequence[Result]) -> ByLabels:
    runs = {result.name: result.run for result in results}
    table = tabulate(results)
    found: dict[str, dict[int | None, Score | None]] = {}
    titles: dict[str, str] = {}
    for row in table.runs:
        run = runs[row.run]
        parts = run.model_dump(mode="json", include={"start_from", "model"})
        network = json.dumps(parts, sort_keys=True)
        found.setdefault(network, {})[_labels(run)] = row.scores[0]
        titles[network] = _LABELS.sub("", row.label)
    columns = sorted(
        {_labels(run) for run in runs.values()},
        key=lambda number: (number is None, number),
    )
    learned = {_labels(result.run): result.metrics["baseline"] for result in results}
    return ByLabels(
        dataset,
        table.metrics[0],
        columns,
        [(titles[key], [scores.get(n) for n in columns]) for key, scores in found.items()],
        [(label, [Score(learned[n][key]) for n in columns]) for key, label in _BASELINES.items()],
        [row.run for row in table.runs],
    )


def _labels(run: ClassificationRun) -> int | None:
    return run.training.objective.labels_per_class

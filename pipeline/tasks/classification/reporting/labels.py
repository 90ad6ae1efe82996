"""Accuracy of each network against the number of labels that it learned from."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.measures import Metric
from pipeline.reporting.results import Result, by_dataset
from pipeline.reporting.scores import Score, tabulate
from pipeline.tasks.classification.settings import ClassificationRun

_LABELS = re.compile(r", \d+ labels a class$")  # at the end of the title of a run with few
_BASELINES = {"keyword": "One keyword a class", "bayes": "Naive Bayes"}


@dataclass(frozen=True)
class ByLabels:
    """Accuracies on a data set: a row for each network and baseline, a column for each number."""

    dataset: str
    metric: Metric
    labels: list[int | None]  # a class; None: all
    rows: list[tuple[str, list[Score | None]]]


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
    rows = [(titles[key], [scores.get(n) for n in columns]) for key, scores in found.items()]
    learned = {_labels(result.run): result for result in results}
    for key, label in _BASELINES.items():
        rows.append((label, [Score(learned[n].metrics["baseline"][key]) for n in columns]))
    return ByLabels(dataset, table.metrics[0], columns, rows)


def _labels(run: ClassificationRun) -> int | None:
    return run.training.objective.labels_per_class

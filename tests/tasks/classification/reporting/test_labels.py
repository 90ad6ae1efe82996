"""Accuracy against labels: as a chart, and as a table with the same numbers."""

import re
from dataclasses import replace
from statistics import mean, stdev

import pytest

from pipeline import config
from pipeline.files import read_json
from pipeline.reporting.page import _environment, _section
from pipeline.reporting.results import Result, finished, read_results
from pipeline.tasks.classification.reporting.labels import by_labels
from pipeline.tasks.classification.reporting.page import PAGE
from pipeline.tasks.classification.settings import OfClasses
from tests.reporting.scale import write_scale
from tests.test_config import DEFAULT

RUN = "classification_attention"


@pytest.fixture
def result(tmp_path, monkeypatch) -> Result:
    monkeypatch.chdir(tmp_path)
    params = write_scale(tmp_path)
    return next(each for each in read_results(params) if each.name == RUN)


def with_labels(result: Result, name: str, labels: int, title: str, accuracy: float) -> Result:
    """The same run with fewer labels and another accuracy."""
    objective = OfClasses(kind="class", labels_per_class=labels)
    training = result.run.training.model_copy(update={"objective": objective})
    run = result.run.model_copy(update={"training": training, "title": title})
    test = result.metrics["test"] | {"accuracy": accuracy}
    baseline = result.metrics["baseline"] | {"bayes": accuracy / 2}
    metrics = result.metrics | {"test": test, "baseline": baseline}
    return type(result)(**(vars(result) | {"name": name, "run": run, "metrics": metrics}))


def test_a_network_is_a_row_and_a_number_of_labels_a_column(result):
    few = with_labels(result, "few", 10, f"{result.run.title}, 10 labels a class", 0.5)
    assert by_labels([result]) == []
    (table,) = by_labels([result, few])
    assert table.labels == [10, None]
    ((network, scores),), ((_, keyword), (naive_bayes, bayes)) = table.networks, table.baselines
    assert network == result.run.title and naive_bayes == "Naive Bayes"
    assert [score.value for score in scores] == [0.5, 0.71]
    assert [score.value for score in keyword] == [0.41, 0.41]
    assert [score.value for score in bayes] == [0.25, 0.69]


def test_the_page_shows_the_mean_of_replicates(result):
    """Not the first of them, of which it shows the passages."""
    few = with_labels(result, "few", 10, f"{result.run.title}, 10 labels a class", 0.5)
    seed = few.run.training.model_copy(update={"seed": 2})
    run = few.run.model_copy(update={"training": seed})
    test = few.metrics["test"] | {"accuracy": 0.6}
    again = replace(few, name="again", run=run, metrics=few.metrics | {"test": test})
    results = [result, few, again]
    (table,) = _section("classification", results, config.load().report).shown.by_labels
    ((_, (score, _)),) = table.networks
    assert score.value == pytest.approx(0.55) and score.seeds == 2


def test_the_chart_has_the_accuracies_that_were_measured_and_no_others(monkeypatch):
    """Of the lecture's runs, of which some may wait; the numbers are those of their files."""
    monkeypatch.chdir(DEFAULT.parent / "lecture")
    params, _ = finished(config.load())
    results = [each for each in read_results(params) if each.name.startswith("classification_")]
    (table,) = by_labels(results)
    assert table.columns == ["10", "50", "all"]
    measured: dict[str, list[float]] = {}
    for each in results:
        test = read_json(each.metrics_path)["classification"]["test"]
        measured.setdefault(re.sub(r"_seed_\d+$", "", each.name), []).append(test["accuracy"])
    assert {*table.runs} == {*measured}
    drawn = [(line.label, point.text) for line in table.chart.lines for point in line.points]
    for name, values in measured.items():
        title, few, number = params.runs[name].title.partition(", 10 labels")
        title, fifty, _ = title.partition(", 50 labels")
        at = "10" if few else "50" if fifty else "all"
        expected = f"{100 * mean(values):.1f} % ± {100 * stdev(values):.1f} % ({len(values)} seeds)"
        drawn.remove((title, f"{expected}, {at} labels a class"))
    assert [label for label, _ in drawn] == ["Naive Bayes"] * 3


def test_the_page_has_the_chart_with_hover_values_and_the_table_folded(result):
    few = with_labels(result, "few", 10, f"{result.run.title}, 10 labels a class", 0.5)
    few.metrics["test"].update(accuracy_low=0.4, accuracy_high=0.6)
    shown = PAGE.show([result, few], config.load().report)
    environment = _environment([result, few])
    text = environment.get_template("classification/section.html").render(shown=shown)
    title = result.run.title
    assert f"<title>{title}: 50.0 % [40.0 %, 60.0 %], 10 labels a class</title>" in text
    assert f"<title>{title}: 71.0 % [66.0 %, 77.0 %], all labels a class</title>" in text
    assert "<title>Naive Bayes: 25.0 %, 10 labels a class</title>" in text
    assert text.count("<circle") == 4 and text.count('<g class="aside">') == 2
    folded = re.search("<details.*?</details>", text, re.DOTALL)[0]
    assert '<span class="interval">[40.0 %, 60.0 %]</span>' in folded
    assert text.count("<table") == text.count('<table class="confusion') + 1

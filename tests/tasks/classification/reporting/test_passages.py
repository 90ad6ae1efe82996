"""Passages as the page shades them, and the table of accuracy against labels."""

import json
from dataclasses import replace

import pytest

from pipeline import config
from pipeline.errors import DataError
from pipeline.files import read_json, write_json
from pipeline.reporting.page import _section
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.classification.reporting.labels import by_labels
from pipeline.tasks.classification.reporting.page import PAGE
from pipeline.tasks.classification.reporting.passages import read_shown, shades_of
from pipeline.tasks.classification.settings import OfClasses
from tests.reporting.scale import write_scale

RUN = "classification_attention"


@pytest.fixture
def result(tmp_path, monkeypatch) -> Result:
    monkeypatch.chdir(tmp_path)
    params = write_scale(tmp_path)
    return next(each for each in read_results(params) if each.name == RUN)


def test_the_piece_with_most_attention_is_the_darkest():
    assert shades_of([700, 100, 44, 10]) == [4, 2, 1, 0]
    assert shades_of([1, 1]) == [4, 4]
    assert shades_of([0, 0]) == [0, 0]


def test_a_passage_has_the_shades_of_each_head(result):
    shown = read_shown(result)
    assert shown.heads == [2] and not shown.is_hops
    (passage,) = shown.passages
    assert "".join(passage.pieces) == " Sum of a cell"
    assert json.loads(passage.shades) == [[[4, 2, 2, 2], [0, 0, 1, 4]]]
    assert passage.first == [4, 2, 2, 2]


def test_without_attention_nothing_is_shown(result):
    path = result.records / "passages.json"
    content = read_json(path)
    content["passages"][0]["weights"] = []
    write_json(path, content)
    assert read_shown(result) is None
    assert PAGE.show([result], config.load().report).shown == []


def test_a_damaged_file_is_named_with_the_remedy(result):
    path = result.records / "passages.json"
    write_json(path, {"passages": [{"pieces": []}]})
    with pytest.raises(DataError, match=f"run `dvc repro evaluate@{RUN}`"):
        read_shown(result)


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
    (network, scores), (_, keyword), (naive_bayes, bayes) = table.rows
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
    (_, (score, _)), *_ = table.rows
    assert score.value == pytest.approx(0.55) and score.seeds == 2

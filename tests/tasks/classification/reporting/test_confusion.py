"""The matrix of classes and predictions of the most accurate network."""

from dataclasses import replace

import pytest

from pipeline.errors import DataError
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.classification.reporting.confusion import confusions
from tests.reporting.scale import write_scale


@pytest.fixture
def result(tmp_path, monkeypatch) -> Result:
    monkeypatch.chdir(tmp_path)
    results = read_results(write_scale(tmp_path))
    return next(each for each in results if each.name == "classification_attention")


def better(result: Result) -> Result:
    """Another run with a higher accuracy and a matrix of its own."""
    test = result.metrics["test"] | {"accuracy": 0.99}
    metrics = result.metrics | {"test": test, "confusion": [[0, 0], [1, 3]]}
    return replace(result, name="better", metrics=metrics)


def test_the_matrix_is_that_of_the_most_accurate_run(result):
    (alone,) = confusions([result])
    assert alone.counts == [[12, 3], [8, 17]] and alone.classes == ["scalc", "swriter"]
    (found,) = confusions([result, better(result)])
    assert found.result.name == "better" and found.counts == [[0, 0], [1, 3]]


def test_a_cell_is_as_dark_as_its_share_of_the_row(result):
    (found,) = confusions([result])
    shades = [[found.shade(row, column) for column in (0, 1)] for row in (0, 1)]
    assert shades == [[3, 1], [1, 3]]  # 0.8, 0.2; 0.32, 0.68 of four
    (found,) = confusions([better(result)])
    assert found.shade(0, 0) == 0  # no passage


def test_a_damaged_matrix_is_named_with_the_remedy(result):
    damaged = replace(result, metrics=result.metrics | {"confusion": [[1]]})
    with pytest.raises(DataError, match="confusion is no matrix .* `dvc repro evaluate@classific"):
        confusions([damaged])

"""Passages as the page shades them."""

import json

import pytest

from pipeline import config
from pipeline.errors import DataError
from pipeline.files import read_json, write_json
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.classification.reporting.page import PAGE
from pipeline.tasks.classification.reporting.passages import read_shown, shades_of
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

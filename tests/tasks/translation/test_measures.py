"""Which metrics speak for a run that translates."""

import dataclasses

import pytest

from pipeline import config
from pipeline.config import Params
from pipeline.reporting.results import Result, by_dataset, finished, read_results
from pipeline.reporting.scores import Score, tabulate
from pipeline.summary import as_frame
from pipeline.tasks.translation.measures import LOWER_CASED, MEASURES
from pipeline.tasks.translation.settings import Convention, LetterCase
from tests.reporting.scale import ROOT


@pytest.fixture
def result(scale: Params) -> Result:
    (result,) = [each for each in read_results(scale) if each.run.task == "translation"]
    return result


def test_small_letters_lose_no_metric():
    assert LOWER_CASED.metrics[0].key != MEASURES.metrics[0].key
    assert {each.key for each in LOWER_CASED.metrics} == {each.key for each in MEASURES.metrics}


def in_small_letters(result: Result, convention: Convention) -> Result:
    """The same run, had it learned lower-cased text and were it measured by `convention`."""
    encoding = result.dataset.encoding.model_copy(update={"letter_case": LetterCase.LOWER})
    evaluation = result.run.evaluation.model_copy(update={"tokenised_bleu": convention})
    return dataclasses.replace(
        result,
        dataset=result.dataset.model_copy(update={"encoding": encoding}),
        run=result.run.model_copy(update={"evaluation": evaluation}),
    )


def test_a_network_of_small_letters_is_judged_by_the_score_that_ignores_case(result: Result):
    table = tabulate([in_small_letters(result, Convention.MULTI30K)])
    assert [metric.label for metric in table.metrics] == [
        "BLEU, lower-cased",
        "BLEU, cased",
        "chrF, cased",
        "nats per piece",
    ]
    assert table.runs[0].scores[:2] == (Score(24.9), Score(23.412, 21.87, 24.96))
    assert table.best_baseline is None
    assert as_frame(table).iloc[:, 0].tolist() == ["24.9", "–"]


def test_a_convention_that_keeps_case_is_no_better_for_small_letters(result: Result):
    for each in (result, in_small_letters(result, Convention.MOSES)):
        table = tabulate([each])
        assert table.metrics[0].label == "BLEU"
        assert table.best_baseline == ("Source copied", Score(4.117))


def test_the_scores_of_lower_cased_multi30k_are_the_published_metric(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(ROOT / "paper")
    params, _ = finished(config.load())
    results = by_dataset(read_results(params))
    lower, kept = (tabulate(results[name]) for name in ("multi30k_lowercase", "multi30k"))
    measured = {each.name: each.metrics["test"] for runs in results.values() for each in runs}
    for table, key in ((lower, "tokenised_bleu"), (kept, "bleu")):
        assert table.runs
        for row in table.runs:
            assert row.scores[0].value == measured[row.run][key]

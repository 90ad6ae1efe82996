import dataclasses

import pytest

from pipeline import config
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.judging.claims import read_claims
from pipeline.reporting.results import Result, by_dataset, finished, read_results
from pipeline.reporting.scores import MEASURES, Score, measures_of, tabulate
from pipeline.settings.base import Task
from pipeline.summary import as_frame
from pipeline.tasks.translation.settings import Convention, LetterCase
from tests.reporting.scale import ROOT


def of_task(params: Params, task: Task) -> list[Result]:
    return [result for result in read_results(params) if result.run.task == task]


def test_rows_are_runs_then_baselines(scale: Params):
    table = tabulate(Task.MUSIC, of_task(scale, Task.MUSIC))
    assert [row.run for row in table.rows] == ["music_sinusoid", "music_relative"] + [None] * 4
    test, *others = table.rows[0].scores
    assert test == Score(0.5123, 0.4977, 0.5281)
    assert others == [Score(0.53), Score(0.8723), Score(0.4431)]
    assert table.rows[2].scores == (Score(2.647), None, None, None)
    assert (table.records, table.record_count) == ("pieces", 58)


@pytest.mark.parametrize(
    ("task", "label", "value"),
    [
        (Task.TRANSLATION, "Source copied", 4.117),
        (Task.IMAGE, "Given class and place", 2.4218),
        (Task.MUSIC, "Given the voice’s previous pitch", 1.01),
    ],
)
def test_best_baseline_follows_the_metrics_direction(
    scale: Params, task: Task, label: str, value: float
):
    table = tabulate(task, of_task(scale, task))
    assert table.best_baseline == (label, Score(value))


def test_best_baseline_of_a_metric_where_more_is_better(scale: Params):
    metrics = MEASURES[Task.TRANSLATION].metrics
    assert [metric.higher_is_better for metric in metrics] == [True, True, True, False]


@pytest.mark.parametrize("value", [None, "23.4", True, float("nan")])
def test_what_is_no_number_is_named(scale: Params, value: object):
    results = of_task(scale, Task.TRANSLATION)
    results[0].metrics["test"]["bleu_low"] = value
    with pytest.raises(
        DataError, match=r"translation_sinusoid\.json: translation\.test\.bleu_low = "
    ):
        tabulate(Task.TRANSLATION, results)


def test_terminal_table_has_intervals_and_baselines(scale: Params):
    frame = as_frame(tabulate(Task.TRANSLATION, of_task(scale, Task.TRANSLATION)))
    assert frame.columns[0] == "BLEU ↑"
    assert frame.iloc[0, 0] == "23.4 [21.9, 25.0]"
    assert frame.iloc[1, 0] == "4.1"
    assert frame.iloc[0]["parameters"] == "1,312,768"


def test_shares_are_printed_as_percent():
    accuracy = next(each for each in MEASURES[Task.MUSIC].metrics if each.key == "accuracy")
    assert accuracy.format(0.8726) == "87.3 %"


def in_small_letters(result: Result, convention: Convention) -> Result:
    """The same run, had it learned lower-cased text and were it measured by `convention`."""
    encoding = result.dataset.encoding.model_copy(update={"letter_case": LetterCase.LOWER})
    evaluation = result.run.evaluation.model_copy(update={"tokenised_bleu": convention})
    return dataclasses.replace(
        result,
        dataset=result.dataset.model_copy(update={"encoding": encoding}),
        run=result.run.model_copy(update={"evaluation": evaluation}),
    )


def test_a_network_of_small_letters_is_judged_by_the_score_that_ignores_case(scale: Params):
    (result,) = of_task(scale, Task.TRANSLATION)
    table = tabulate(Task.TRANSLATION, [in_small_letters(result, Convention.MULTI30K)])
    assert [metric.label for metric in table.metrics] == [
        "BLEU, lower-cased",
        "BLEU, cased",
        "chrF, cased",
        "nats per piece",
    ]
    assert table.runs[0].scores[:2] == (Score(24.9), Score(23.412, 21.87, 24.96))
    assert table.best_baseline is None
    assert as_frame(table).iloc[:, 0].tolist() == ["24.9", "–"]


def test_a_convention_that_keeps_case_is_no_better_for_small_letters(scale: Params):
    (result,) = of_task(scale, Task.TRANSLATION)
    for each in (result, in_small_letters(result, Convention.MOSES)):
        table = tabulate(Task.TRANSLATION, [each])
        assert table.metrics[0].label == "BLEU"
        assert table.best_baseline == ("Source copied", Score(4.117))


def test_the_scores_of_lower_cased_multi30k_are_the_published_metric(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(ROOT / "paper")
    params, _ = finished(config.load())
    results = by_dataset(read_results(params))
    lower, kept = (
        tabulate(Task.TRANSLATION, results[name]) for name in ("multi30k_lowercase", "multi30k")
    )
    measured = {each.name: each.metrics["test"] for runs in results.values() for each in runs}
    for table, key in ((lower, "tokenised_bleu"), (kept, "bleu")):
        assert table.runs
        for row in table.runs:
            assert row.scores[0].value == measured[row.run][key]


def test_images_of_one_class_have_a_table_for_each_place_alone(scale: Params):
    images = by_dataset(of_task(scale, Task.IMAGE))
    labels = {name: tabulate(Task.IMAGE, on).best_baseline[0] for name, on in images.items()}
    assert labels == {"digits": "Given class and place", "digits_unlabelled": "Given place"}


def test_a_baseline_of_one_run_stands_below_the_others_too(scale: Params):
    """As where a run that enlarges shares its data with one that does not, which comes first."""
    enlarged = by_dataset(of_task(scale, Task.IMAGE))["digits_unlabelled"][0]
    test, baseline = enlarged.metrics["test"], enlarged.metrics["baseline"]
    unconditional = {
        "test": {key: value for key, value in test.items() if "psnr" not in key},
        "baseline": {key: value for key, value in baseline.items() if "bicubic" not in key},
    }
    other = dataclasses.replace(enlarged, name="unconditional", metrics=unconditional)
    table = tabulate(Task.IMAGE, [other, enlarged])
    (bicubic,) = [row for row in table.rows if row.label == "Bicubic interpolation"]
    assert bicubic.scores[:2] == (Score(2.61), Score(13.3))
    assert "given the source" in bicubic.definition
    assert "Bicubic interpolation" not in [row.label for row in tabulate(Task.IMAGE, [other]).rows]


def test_the_metric_of_a_check_for_elsewhere_is_the_one_a_run_is_judged_by(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(ROOT / "paper")
    params, _ = finished(config.load())
    results = {result.name: result for result in read_results(params)}
    (claim,) = [each for each in read_claims() if each.id == "relative_translation"]
    for check in claim.elsewhere:
        for number in (check.first, check.second):
            judged_by = measures_of(results[number.name]).metrics[0].key
            assert number.paths == [f"translation.test.{judged_by}"]

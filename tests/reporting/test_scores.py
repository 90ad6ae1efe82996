import dataclasses

import pytest

from pipeline import config
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.judging.claims import read_claims
from pipeline.reporting.results import Result, by_dataset, finished, read_results
from pipeline.reporting.scores import Score, measures_of, tabulate
from pipeline.summary import as_frame
from pipeline.tasks import part
from tests.reporting.scale import ROOT


def of_task(params: Params, task: str) -> list[Result]:
    return [result for result in read_results(params) if result.run.task == task]


def test_rows_are_runs_then_baselines(scale: Params):
    table = tabulate(of_task(scale, "music"))
    assert [row.run for row in table.rows] == ["music_sinusoid", "music_relative"] + [None] * 4
    test, *others = table.rows[0].scores
    assert test == Score(0.5123, 0.4977, 0.5281)
    assert others == [Score(0.53), Score(0.8723), Score(0.4431)]
    assert table.rows[2].scores == (Score(2.647), None, None, None)
    assert (table.records, table.record_count) == ("pieces", 58)


@pytest.mark.parametrize(
    ("task", "label", "value"),
    [
        ("translation", "Source copied", 4.117),
        ("image", "Given class and position", 2.4218),
        ("music", "Given the voice’s previous pitch", 1.01),
    ],
)
def test_best_baseline_follows_the_metrics_direction(
    scale: Params, task: str, label: str, value: float
):
    table = tabulate(of_task(scale, task))
    assert table.best_baseline == (label, Score(value))


def test_best_baseline_of_a_metric_where_more_is_better():
    metrics = part("translation", "measures").MEASURES.metrics
    better = {metric.key: metric.higher_is_better for metric in metrics}
    assert (better["bleu"], better["chrf"], better["nats_per_token"]) == (True, True, False)


@pytest.mark.parametrize("value", [None, "23.4", True, float("nan")])
def test_what_is_no_number_is_named(scale: Params, value: object):
    results = of_task(scale, "translation")
    results[0].metrics["test"]["bleu_low"] = value
    with pytest.raises(
        DataError, match=r"translation_sinusoid\.json: translation\.test\.bleu_low = "
    ):
        tabulate(results)


def test_terminal_table_has_intervals_and_baselines(scale: Params):
    frame = as_frame(tabulate(of_task(scale, "translation")))
    assert frame.columns[0] == "BLEU ↑"
    assert frame.iloc[0, 0] == "23.4 [21.9, 25.0]"
    assert frame.iloc[1, 0] == "4.1"
    assert frame.iloc[0]["parameters"] == "1,312,768"


def test_shares_are_printed_as_percent():
    accuracy = next(
        each for each in part("music", "measures").MEASURES.metrics if each.key == "accuracy"
    )
    assert accuracy.format(0.8726) == "87.3 %"


def test_a_baseline_of_one_run_stands_below_the_others_too(scale: Params):
    """As where a run that enlarges shares its data with one that does not, which comes first."""
    enlarged = by_dataset(of_task(scale, "image"))["digits_unlabelled"][0]
    test, baseline = enlarged.metrics["test"], enlarged.metrics["baseline"]
    unconditional = {
        "test": {key: value for key, value in test.items() if "psnr" not in key},
        "baseline": {key: value for key, value in baseline.items() if "bicubic" not in key},
    }
    other = dataclasses.replace(enlarged, name="unconditional", metrics=unconditional)
    table = tabulate([other, enlarged])
    (bicubic,) = [row for row in table.rows if row.label == "Bicubic interpolation"]
    assert bicubic.scores[:2] == (Score(2.61), Score(13.3))
    assert "given the source" in bicubic.definition
    assert "Bicubic interpolation" not in [row.label for row in tabulate([other]).rows]


def test_the_metric_of_a_check_for_elsewhere_is_the_one_a_run_is_judged_by(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(ROOT / "paper")
    params, _ = finished(config.load())
    results = {result.name: result for result in read_results(params)}
    (claim,) = [each for each in read_claims() if each.id == "relative_translation"]
    for check in claim.elsewhere:
        for name in (check.run, check.than):
            assert check.metric == measures_of(results[name]).metrics[0].key

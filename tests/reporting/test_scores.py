import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.results import Result, read_results
from pipeline.reporting.scores import MEASURES, Score, tabulate
from pipeline.settings.base import Task
from pipeline.summary import as_frame


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

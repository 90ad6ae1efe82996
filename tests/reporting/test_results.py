import json
from pathlib import Path

import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.results import (
    by_task,
    by_test,
    finished,
    read_curve,
    read_data_facts,
    read_results,
)
from tests.reporting.scale import add_further_test

HEADER = "step,learning_rate,train_loss,validation_loss,padding"


def test_runs_keep_the_order_of_params_and_ignore_files_of_others(scale: Params):
    Path("reports/measurements/aaa_old_run.json").write_text("{")
    assert [result.name for result in read_results(scale)] == list(scale.runs)


def test_what_was_not_measured_yet_waits(scale: Params):
    assert finished(scale) == (scale, [])
    Path("reports/measurements/music_relative.json").unlink()
    done, waiting = finished(scale)
    assert (set(scale.runs) - set(done.runs), waiting) == ({"music_relative"}, ["music_relative"])
    for path in Path("reports/measurements").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="no run was evaluated; .*evaluate@translation_sinusoid"):
        finished(scale)


def test_tasks_follow_the_lecture(scale: Params):
    groups = by_task(reversed(read_results(scale)))
    assert list(groups) == ["translation", "image", "music", "molecules", "classification"]
    assert [result.name for result in groups["music"]] == ["music_relative", "music_sinusoid"]


def test_parameters_may_be_unrecorded(scale: Params):
    path = Path("reports/measurements/music_relative.json")
    metrics = json.loads(path.read_text())
    del metrics["model"]
    path.write_text(json.dumps(metrics))
    results = {result.name: result for result in read_results(scale)}
    assert results["music_relative"].parameters is None


def test_metrics_of_another_task_are_refused(scale: Params):
    path = Path("reports/measurements/music_relative.json")
    path.write_text(Path("reports/measurements/image_local_1d.json").read_text())
    with pytest.raises(DataError, match=r"music_relative\.json: music\.test .*evaluate@music_rel"):
        read_results(scale)


def test_a_further_test_set_is_a_result_of_its_own(scale: Params):
    add_further_test("translation_sinusoid", "test_2017", bleu=31.0)
    groups = by_test(by_task(read_results(scale))["translation"])
    assert list(groups) == ["test", "test_2017"]
    (first,), (second,) = groups.values()
    assert (first.metrics["test"]["bleu"], second.metrics["test"]["bleu"]) == (23.412, 31.0)
    assert first.name == second.name == "translation_sinusoid"
    assert (first.section, second.section) == ("translation", "translation.test_2017")


def test_a_further_test_set_without_a_baseline_is_refused(scale: Params):
    path = Path("reports/measurements/translation_sinusoid.json")
    metrics = json.loads(path.read_text())
    metrics["translation"]["test_2017"] = {"test": {}}
    path.write_text(json.dumps(metrics))
    with pytest.raises(DataError, match=r"not both there; run `dvc repro evaluate@translation"):
        read_results(scale)


def test_curve_skips_steps_that_were_not_validated(scale: Params):
    path = Path("reports/curves/music_relative.csv")
    path.write_text(f"{HEADER}\n1,0.1,3.5,\n2,0.2,3.25,3.0\n")
    curve = read_curve("music_relative")
    assert curve.train == [(1, 3.5), (2, 3.25)]
    assert curve.validation == [(2, 3.0)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("step,loss\n1,2\n", "columns are"),
        (f"{HEADER}\n", "no step is recorded"),
        (f"{HEADER}\n1,0.1,many,\n", "line 2: could not"),
        (f"{HEADER}\n1,0.1,2.0,\n2,0.1,nan,\n", "line 3: loss"),
        (f"{HEADER}\n1,0.1,2.0,\n2,0.1", "line 3: train"),
    ],
)
def test_damaged_curve_names_the_line(scale: Params, content: str, message: str):
    Path("reports/curves/music_relative.csv").write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        read_curve("music_relative")
    assert "dvc repro train@music_relative" in str(caught.value)


def test_data_facts_without_splits_are_refused(scale: Params):
    Path("reports/data/digits.json").write_text("{}")
    with pytest.raises(DataError, match=r"digits\.json: splits"):
        read_data_facts("digits")

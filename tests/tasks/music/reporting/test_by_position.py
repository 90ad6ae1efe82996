import re
from dataclasses import replace

from pipeline import config
from pipeline.reporting.results import Result
from pipeline.tasks.music.reporting.by_position import chart_by_position
from tests.reporting.scale import ROOT


def result_of(name: str, by_position: dict[str, float]) -> Result:
    params = config.load(ROOT / "params.yaml")
    run = params.runs[name]
    metrics = {"by_position": by_position}
    return Result(name, run, params.datasets[run.dataset], metrics, None)


def test_each_run_has_a_line_whose_points_stand_in_the_middle_of_their_bins():
    flat = result_of("music_relative", {"000-063": 0.6, "064-127": 0.6, "128-255": 0.6})
    steep = result_of("music_sinusoid", {"000-063": 0.5, "064-127": 2.5, "128-255": 1.5})
    drawn = chart_by_position([flat, steep])
    assert [line.label for line in drawn.lines] == [flat.run.title, steep.run.title]
    assert [line.last for line in drawn.lines] == ["0.60", "1.50"]
    assert [mark.label for mark in drawn.marks] == []  # beyond these positions
    assert drawn.y_label == "nats per token"

    points = [
        [tuple(map(float, point.split())) for point in re.split("[ML]", line.path)[1:]]
        for line in drawn.lines
    ]
    across = [[x for x, _ in each] for each in points]
    assert across[0] == across[1]
    first, second, third = across[0]
    # the middles 31.5, 95.5 and 191.5
    assert abs((third - second) / (second - first) - 96 / 64) < 0.01
    assert len({y for _, y in points[0]}) == 1
    assert points[1][1][1] < points[1][2][1] < points[0][0][1] < points[1][0][1]  # upwards is less


def test_lines_stand_where_training_ended_and_those_without_positions_left_out():
    one = result_of("music_relative", {"000-063": 0.6, "064-127": 0.7})
    training = one.run.training.model_copy(update={"crop": 1024})
    other = replace(one, run=one.run.model_copy(update={"training": training}))
    long = replace(one, metrics={"by_position": {"000-063": 0.6, "2000-2063": 0.7}})
    drawn = chart_by_position([long, other, result_of("music_sinusoid", {})])
    crops = [f"{one.run.training.crop}", "1,024"]
    assert [mark.label for mark in drawn.marks] == [f"trained on {crop}" for crop in crops]
    assert len(drawn.lines) == 2
    assert chart_by_position([result_of("music_sinusoid", {})]) is None
    assert chart_by_position([result_of("image_local_1d", {})]) is None

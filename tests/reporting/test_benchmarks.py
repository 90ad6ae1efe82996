import json

import pytest

from pipeline.reporting.benchmarks import ATTENTION, read_benchmarks


def _row(what: str, ours: float | None, **others) -> dict:
    measured = {"what": what, "ours": ours, "peer": None, "ratio": None, "unit": "seconds"}
    return measured | {"machine": "one", "command": ATTENTION} | others


def _point(form: str, positions: int, measure: str, ours: float | None) -> dict:
    point = {"form": form, "positions": positions, "measure": measure}
    others = {} if ours is not None else {"not_run": "needs more than 8 GiB"}
    return _row(f"{form} {positions} {measure}", ours, point=point, **others)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "benchmarks.json"


def test_the_lines_are_the_seconds_of_both_passes_as_far_as_they_were_measured(file):
    points = [
        _point("full", 512, "forward", 0.25),
        _point("full", 512, "backward", 0.75),
        _point("full", 1024, "forward", None),
        _point("full", 1024, "backward", None),
        _point("full", 512, "peak memory", 512.0),
        _point("local", 512, "forward", 0.001),
        _point("local", 512, "backward", 0.009),
        _point("local", 1024, "forward", 0.04),
        _point("local", 1024, "backward", 0.06),
    ]
    other = _row("costs", 1.0, point={"layer": "recurrent"}) | {"command": "another"}
    file.write_text(json.dumps([_row("training", 7.0), *points, other]))
    read = read_benchmarks(file)
    assert [row["what"] for row in read.rows] == ["training"]
    assert len(read.points) == len(points)
    full, local = read.seconds.lines
    # From 0.01 to 1 second, 204 units high; from 512 to 1,024 positions, 378 units wide.
    assert (full.label, full.path, full.last) == ("full", "M40.0 10.0", "1")
    assert (local.label, local.path, local.last) == ("local", "M40.0 214.0L418.0 112.0", "0.1")
    assert [tick.label for tick in read.seconds.x_ticks] == ["512", "1,024"]
    assert [tick.label for tick in read.seconds.y_ticks] == ["0.01", "0.1", "1"]
    assert [(line.label, line.last) for line in read.memory.lines] == [("full", "512")]


def test_there_is_no_chart_where_no_attention_was_measured(file):
    file.write_text(json.dumps([_row("training", 7.0)]))
    read = read_benchmarks(file)
    assert (read.points, read.seconds, read.memory) == ([], None, None)

import json
import re

import pytest

from pipeline.reporting.costs import COSTS, SKEWING, Exponent, formulas, read_costs
from pipeline.reporting.published import read_published


def _row(ours: float, command: str, **point) -> dict:
    row = {
        "what": str(point),
        "ours": ours,
        "peer": None,
        "ratio": None,
        "unit": "",
        "point": point,
    }
    return row | {"machine": "one, 1 thread", "command": command}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "benchmarks.json"


def test_exponents_counts_and_charts_of_a_layer(file):
    def cost(n: int, d: int, measure: str, ours: float) -> dict:
        return _row(ours, COSTS, layer="recurrent", n=n, d=d, measure=measure)

    fitted = {"layer": "recurrent", "exponent": "d", "measure": "FLOPs", "from": 128, "to": 512}
    rows = [
        _row(1.99, COSTS, **fitted),
        cost(64, 8, "path length", 64),
        cost(16, 8, "path length", 16),
        cost(2048, 64, "FLOPs", 1.0),
        cost(4096, 64, "FLOPs", 100.0),
        cost(2048, 512, "FLOPs", 10.0),
        _row(5.0, "another", form="full", positions=2048, measure="FLOPs"),
    ]
    file.write_text(json.dumps(rows))
    read = read_costs(read_published(), file)
    assert read.machines == ["one, 1 thread"] and read.memory == []
    layer = next(each for each in read.layers if each.published.layer == "recurrent")
    assert layer.exponents == {("d", "FLOPs"): Exponent(1.99, 128, 512)}
    assert layer.counts == {"sequential operations": [], "path length": [(16, 16), (64, 64)]}
    assert [title for title, _ in read.charts] == [
        "Floating-point operations, d = 64",
        "Floating-point operations, n = 2,048",
    ]
    over_n, over_d = (chart for _, chart in read.charts)
    assert (over_n.lines[0].label, over_n.lines[0].last) == ("recurrent", "100")
    assert (over_d.lines[0].path, over_d.lines[0].last) == ("M40.0 214.0L418.0 10.0", "10")


def test_memory_stands_beside_the_published(file):
    rows = [
        _row(length / 10, SKEWING, form=form, positions=length, measure="vectors")
        for form in ("gathered", "skewed")
        for length in (650, 2048, 3500)
    ]
    rows.append(_row(2.0, SKEWING, form="gathered", exponent="positions", measure="vectors"))
    file.write_text(json.dumps(rows))
    read = read_costs(read_published(), file)
    assert read.layers == [] and read.charts == []
    assert [each.published.length for each in read.memory] == [650, 2048, 3500]
    assert [each.measured["skewed", "vectors"] for each in read.memory] == [65.0, 204.8, 350.0]


def test_nothing_is_shown_where_nothing_was_measured(file):
    file.write_text("[]")
    read = read_costs(read_published(), file)
    assert (read.machines, read.layers, read.charts, read.memory) == ([], [], [], [])


def test_attention_and_recurrence_cross_where_n_is_d():
    drawn = formulas()
    (mark,) = drawn.marks
    points = {
        line.label.partition(",")[0]: dict(re.findall(r"[ML]([\d.]+) ([\d.]+)", line.path))
        for line in drawn.lines
    }
    at = f"{mark.at:.1f}"
    assert points["self-attention"][at] == points["recurrent"][at]
    first, last = (min(points["recurrent"], key=float), max(points["recurrent"], key=float))
    assert float(points["self-attention"][first]) > float(points["recurrent"][first])  # y is down
    assert float(points["self-attention"][last]) < float(points["recurrent"][last])

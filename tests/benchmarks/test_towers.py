import json

import pytest

from benchmarks import rows, towers
from benchmarks.towers import GRAPHS, NODES, SHAPE, STEPS, TOWERS, WIDTH, network, operations
from models.settings import Numerics
from models.shared import products


@pytest.fixture(autouse=True)
def _native_numerics(_reproducible_numerics: None) -> None:
    """Those of the benchmark, which counts PyTorch's own products."""
    products.select(Numerics.NATIVE)


def _expected(k: int) -> int:
    """Labels and six matrices of the gates in towers, sums of messages, mixing, readout, head."""
    labels, square = SHAPE.layout.labels - 1, WIDTH**2
    of_node = (labels + 6) * square // k + NODES * labels * WIDTH + (square if k > 1 else 0)
    return 2 * GRAPHS * (STEPS * NODES * of_node + 3 * NODES * square + WIDTH)


@pytest.mark.parametrize("k", [1, TOWERS])
def test_operations_are_those_of_the_closed_form(k):
    assert operations(network(k)) == _expected(k)


def test_towers_cost_at_most_half(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rows, "FILE", tmp_path / "benchmarks.json")
    monkeypatch.setattr("sys.argv", ["towers", "--rounds", "9"])
    towers.main()
    recorded = {row["what"]: row["ours"] for row in json.loads(rows.FILE.read_text())}
    share = recorded["costs: message passing, 8 towers, share of FLOPs"]
    assert share == _expected(TOWERS) / _expected(1) < 0.5
    assert 0.0 < recorded["costs: message passing, 8 towers, share of seconds"] < 1.0
    assert "with 8 towers" in capsys.readouterr().out

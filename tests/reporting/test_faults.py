from pathlib import Path

import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.files import write_json
from pipeline.reporting import page
from pipeline.reporting.faults import read_faults

ROWS = [
    {"what": "crashes", "command": "python -m x", "numbers": {"kills": {"dvc": 3}}, "machine": "m"}
]


def test_recorded_faults_make_an_appendix(
    scale: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_json(path := tmp_path / "faults.json", ROWS)

    monkeypatch.setattr(page, "read_faults", list)
    assert 'id="faults"' not in page.render(scale)
    monkeypatch.setattr(page, "read_faults", lambda: read_faults(path))
    html = page.render(scale)
    assert 'id="faults"' in html
    assert "<code>kills.dvc</code></th><td>3</td>" in html


def test_a_curve_is_drawn_and_not_listed(tmp_path: Path):
    numbers = {"training": {"steps": 9, "curve": [[0.0, 300.0], [1.0, 301.0]]}, "seed": 1}
    write_json(path := tmp_path / "faults.json", [ROWS[0] | {"numbers": numbers}])
    (fault,) = read_faults(path)
    assert fault.table == {"training": {"steps": 9}, "seed": 1}
    assert fault.chart.lines[0].last == "301.00"


def test_damaged_rows_are_named(tmp_path: Path):
    write_json(path := tmp_path / "faults.json", [{"what": "crashes"}])
    with pytest.raises(DataError, match="faults.json: .*command.*; run the commands"):
        read_faults(path)

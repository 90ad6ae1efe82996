import json

import pytest

from benchmarks import rows


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "FILE", tmp_path / "reports" / "benchmarks.json")
    return rows.FILE


def _row(what: str, ours: float | None, **others: str) -> dict:
    measured = {"what": what, "ours": ours, "peer": None, "ratio": None, "unit": "ms"}
    return measured | {"machine": "one", "command": "python -m this"} | others


def test_rows_are_sorted_and_a_new_one_replaces_the_old_one(file):
    rows.record([_row("b", 1.0), _row("c", 2.0)])
    rows.record([_row("a", 3.0), _row("b", None, not_run="needs 9 GiB")])
    assert [(row["what"], row["ours"]) for row in json.loads(file.read_text())] == [
        ("a", 3.0),
        ("b", None),
        ("c", 2.0),
    ]


@pytest.mark.parametrize(
    "row",
    [
        _row("a", None),
        _row("a", 1.0, not_run="measured all the same"),
        _row("a", 1.0, colour="red"),
        {"what": "a"},
    ],
)
def test_other_rows_are_refused(file, row):
    with pytest.raises(ValueError, match="not a row"):
        rows.record([row])
    assert not file.exists()

from pathlib import Path

import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.files import write_json
from pipeline.reporting import page
from pipeline.reporting.machines import Machine, read_machines

MACHINE = Machine("AMD EPYC 7B13", "AuthenticAMD", "AVX2", [1, 2], "2.13.0", "mine", "ab12", 41, 43)


def test_the_page_lists_machines(scale: Params, monkeypatch: pytest.MonkeyPatch):
    title = "The same bytes on other processors"
    monkeypatch.setattr(page, "read_machines", list)
    assert title not in page.render(scale)
    monkeypatch.setattr(page, "read_machines", lambda: [MACHINE])
    html = page.render(scale)
    assert title in html and "AMD EPYC 7B13" in html
    assert '<td class="number" data-label="The same">41 of 43</td>' in html
    assert '<td class="number" data-label="Threads">1, 2</td>' in html


def test_damaged_entries_are_named(tmp_path: Path):
    write_json(path := tmp_path / "machines.json", [{"processor": "x"}])
    with pytest.raises(DataError, match="machines.json: .*vendor.*; run make verify again"):
        read_machines(path)

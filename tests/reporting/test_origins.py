from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.config import Params
from pipeline.reporting.origins import LOCK, read_origins
from pipeline.reporting.page import render
from pipeline.reporting.results import Result, read_results


@pytest.fixture
def results(scale: Params) -> list[Result]:
    outs = [
        {"path": "runs/music_relative/model", "md5": "aa11bb22cc33dd44ee55.dir"},
        {"path": "reports/curves/music_relative.csv", "md5": "0000"},
    ]
    encoded = [{"path": "data/encoded/chorales", "md5": "0123456789abcdef0123.dir"}]
    stages = {"train@music_relative": {"outs": outs}, "encode@chorales": {"outs": encoded}}
    YAML().dump({"schema": "2.0", "stages": stages | {"check": {"cmd": "c"}}}, LOCK)
    return read_results(scale)


def test_a_run_has_the_hashes_of_its_data_and_its_model(results: list[Result]):
    origins = read_origins(results)
    relative, sinusoid = origins["music_relative"], origins["music_sinusoid"]
    assert (relative.dataset, relative.data[:4], relative.model[:4]) == ("chorales", "0123", "aa11")
    assert (sinusoid.data, sinusoid.model) == (relative.data, None)


def test_without_a_lock_there_are_no_hashes(results: list[Result]):
    Path(LOCK).unlink()
    assert {(each.data, each.model) for each in read_origins(results).values()} == {(None, None)}


def test_a_figure_shows_its_command_its_code_and_its_hashes(scale: Params, results: list[Result]):
    page = render(scale)
    source = page[page.index("of figure music-music-relative<") :].partition("</details>")[0]
    assert '<a href="#music-music-relative">' in source and 'id="music-music-relative"' in page
    assert "<code>dvc repro evaluate@music_relative</code>" in source
    assert "<code>pipeline/tasks/music/decoding/decode.py</code>" in source
    assert "0123456789abcdef<" in source and "aa11bb22cc33dd44<" in source
    assert '<a href="#run-music-relative">' in source and 'id="run-music-relative"' in page

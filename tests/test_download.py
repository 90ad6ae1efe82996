import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import download
from pipeline.errors import DataError

ROOT = Path(__file__).parents[1]


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """A scale whose data set home_assistant is the folder `mine`."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    params = yaml.load((ROOT / "params.yaml").read_text())
    params["datasets"]["home_assistant"]["source"] = {
        "kind": "folder",
        "path": "mine",
        "origin": "home",
        "licence": "free",
    }
    (tmp_path / "params.yaml").write_text(json.dumps(params))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/a.txt").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_raw_data_and_its_description(scale):
    download.main("home_assistant")
    raw = scale / "data/raw/home_assistant"
    assert (raw / "a.txt").read_bytes() == b"a"
    assert json.loads((raw / "source.json").read_text()) == {
        "kind": "folder",
        "origin": "home",
        "licence": "free",
        "files": {"a.txt": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
    }


def test_a_failure_leaves_what_was_there_and_nothing_half_written(scale):
    download.main("home_assistant")
    (scale / "mine/a.txt").unlink()
    with pytest.raises(DataError):
        download.main("home_assistant")
    assert [path.name for path in (scale / "data/raw").iterdir()] == ["home_assistant"]
    assert (scale / "data/raw/home_assistant/a.txt").read_bytes() == b"a"


def test_the_command_says_one_line(scale):
    (scale / "mine/a.txt").unlink()
    command = [sys.executable, ROOT / "pipeline", "download", "home_assistant"]
    run = subprocess.run(command, capture_output=True, text=True, env={})
    assert run.returncode == 1
    assert run.stderr == "error: source.path = 'mine' holds no file; put the raw data there\n"

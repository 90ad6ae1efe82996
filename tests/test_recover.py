import json
import os
import subprocess
import sys

import pytest

from pipeline import recover
from pipeline.errors import PipelineError

LOCK = """schema: '2.0'
stages:
  encode@digits:
    cmd: python
    outs:
    - path: data/encoded/digits
      hash: md5
      md5: 0123.dir
"""


@pytest.fixture(autouse=True)
def scale(tmp_path, monkeypatch):
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / "dvc.lock").write_text(LOCK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recover, "_CODE", tmp_path)
    return tmp_path


def _rwlock(scale, pid: int) -> None:
    owner = {"pid": pid, "cmd": "dvc repro"}
    content = {"write": {"data/raw": owner}, "read": {"code": [owner]}}
    (scale / ".dvc/tmp/rwlock").write_text(json.dumps(content))


def test_nothing_is_said_of_a_scale_where_nothing_is_in_the_way(scale, capsys):
    (scale / ".dvc/tmp/rwlock").write_text("{}")
    recover.main()
    assert capsys.readouterr().out == ""
    assert (scale / "dvc.lock").read_text() == LOCK


@pytest.mark.parametrize("cut", [30, 60, len(LOCK) - 12])
def test_a_dvc_lock_that_was_cut_short_is_removed(scale, cut, capsys):
    (scale / "dvc.lock").write_text(LOCK[:cut])
    recover.main()
    assert not (scale / "dvc.lock").exists()
    assert capsys.readouterr().out.startswith("dvc.lock: truncated by a kill")


def test_entries_of_dead_processes_and_half_a_rwlock_are_removed(scale):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    _rwlock(scale, ended.pid)
    recover.main()
    assert not (scale / ".dvc/tmp/rwlock").exists()
    (scale / ".dvc/tmp/rwlock").write_text('{"write": {"da')
    recover.main()
    assert not (scale / ".dvc/tmp/rwlock").exists()


def test_a_number_that_another_program_has_got_since_is_no_dvc(scale):
    _rwlock(scale, 1)
    recover.main()
    assert not (scale / ".dvc/tmp/rwlock").exists()


def test_while_dvc_is_at_work_nothing_is_touched_and_its_number_told(scale):
    program = "import time; print(flush=True); time.sleep(60)  # dvc"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as dvc:
        dvc.stdout.readline()
        _rwlock(scale, dvc.pid)
        half = scale / "runs/x/.samples.partial"
        half.mkdir(parents=True)
        with pytest.raises(PipelineError, match=rf"dvc repro \(process {dvc.pid}\)"):
            recover.main()
        assert half.exists() and (scale / ".dvc/tmp/rwlock").exists()
        dvc.kill()


def test_half_written_files_are_removed(scale):
    (scale / "reports/measurements").mkdir(parents=True)
    (scale / "reports/measurements/.a.json.12.partial").write_text("{")
    (scale / "reports/measurements/a.json").write_text("{}")
    recover.main()
    assert os.listdir(scale / "reports/measurements") == ["a.json"]


@pytest.mark.parametrize(("at", "kept"), [("lecture", []), (".", ["models/__pycache__"])])
def test_compiled_modules_are_removed_where_no_dvcignore_hides_them(
    scale, monkeypatch, capsys, at, kept
):
    (scale / "models/__pycache__").mkdir(parents=True)
    (scale / at).mkdir(exist_ok=True)
    monkeypatch.chdir(scale / at)
    recover.main()
    assert [str(path.relative_to(scale)) for path in scale.rglob("__pycache__")] == kept
    assert bool(capsys.readouterr().out) != bool(kept)

"""Commits beside each other, and after a killed one; dvc is a program that does what it does."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import commit
from pipeline.errors import PipelineError

# It refuses a list of readers, reads all of dvc.lock, and writes it in place, slowly.
DVC = """#!{python}
import json, sys, time
from pathlib import Path
stage = sys.argv[-1]
if Path(".dvc/tmp/rwlock").exists():
    sys.exit("busy")
lock = Path("dvc.lock")
text = lock.read_text() if lock.exists() else "[]"
stages = [] if text.startswith("schema") else json.loads(text)
with lock.open("w") as file:
    file.write("[")
    file.flush()
    Path("writes").touch()
    time.sleep(float(Path("seconds").read_text()))
    file.seek(0)
    json.dump([*stages, stage], file)
sys.exit(stage == "wrong")
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dvc").write_text(DVC.format(python=sys.executable))
    (tmp_path / "bin/dvc").chmod(0o755)
    (tmp_path / "seconds").write_text("0")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(stage: str) -> subprocess.Popen:
    program = f"from pipeline import commit; commit.main('{stage}')"
    path = str(Path(commit.__file__).parents[1])
    return subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": path})


def committed() -> list[str]:
    return json.loads(Path("dvc.lock").read_text())


def test_commits_at_once_follow_each_other():
    Path("seconds").write_text("0.2")
    jobs = [start(stage) for stage in "abcd"]
    assert [job.wait() for job in jobs] == [0] * 4
    assert sorted(committed()) == [*"abcd"]


def test_a_list_of_readers_of_killed_processes_is_in_nobodys_way():
    Path(".dvc/tmp").mkdir(parents=True)
    Path(".dvc/tmp/rwlock").write_text('{"read": {"a": [{"pid": 1, "cmd": "dvc"}]}}')
    commit.main("a")
    assert committed() == ["a"]


@pytest.mark.parametrize("before", [["a"], []])
def test_half_a_record_of_a_killed_commit_is_undone(before):
    for stage in before:
        commit.main(stage)
    Path("writes").unlink(missing_ok=True)
    Path("seconds").write_text("60")
    job = start("killed")
    while not Path("writes").exists():
        time.sleep(0.02)
    children = Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text().split()
    for pid in [job.pid, *map(int, children)]:
        os.kill(pid, signal.SIGKILL)
    job.wait()
    with pytest.raises(json.JSONDecodeError):
        committed()
    Path("seconds").write_text("0")
    commit.main("b")
    assert committed() == [*before, "b"]


def test_a_commit_whose_dvc_outlives_it_is_waited_for():
    Path("seconds").write_text("3")
    job = start("a")
    while not Path("writes").exists():
        time.sleep(0.02)
    Path("seconds").write_text("0")
    job.kill()
    job.wait()
    began = time.monotonic()
    commit.main("b")
    assert time.monotonic() - began > 1.0
    assert "b" in committed()


def test_a_refusal_is_told():
    with pytest.raises(PipelineError, match="^wrong: dvc commit: status 1$"):
        commit.main("wrong")

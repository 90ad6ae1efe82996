import multiprocessing
import os
import select
import signal
import time

import pytest

from pipeline.errors import PipelineError
from pipeline.training.workspace import die_with_parent, fingerprint, workspace


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_training_that_fails_keeps_its_folder_and_one_that_ends_does_not():
    with pytest.raises(RuntimeError), workspace("run", "mark") as folder:
        (folder / "kept").write_text("state")
        raise RuntimeError
    with workspace("run", "mark") as again:
        assert again == folder
        assert (again / "kept").read_text() == "state"
    assert not folder.exists()


def test_leftovers_of_other_settings_are_removed():
    with pytest.raises(RuntimeError), workspace("run", "old") as old:
        raise RuntimeError
    with pytest.raises(RuntimeError), workspace("other_run", "old") as other:
        raise RuntimeError
    with workspace("run", "new"):
        assert not old.exists()
        assert other.exists()


def _hold(ready, release):
    with workspace("run", "mark"):
        ready.set()
        release.wait(20)


def test_one_process_at_a_time_trains_a_run():
    processes = multiprocessing.get_context("fork")
    ready, release = processes.Event(), processes.Event()
    holder = processes.Process(target=_hold, args=(ready, release))
    holder.start()
    assert ready.wait(20)
    with pytest.raises(PipelineError, match="run: another process is training run"):
        workspace("run", "mark").__enter__()
    with workspace("other_run", "mark"):
        pass
    holder.kill()  # a killed process holds no lock
    holder.join()
    with workspace("run", "mark"):
        pass


def test_the_fingerprint_tells_settings_data_and_task_apart(tmp_path):
    encoded = tmp_path / "encoded"
    encoded.mkdir()
    (encoded / "manifest.json").write_text("{}")
    (encoded / "train.ids.npy").write_bytes(b"1")
    first = fingerprint({"steps": 1}, encoded, "music")
    assert fingerprint({"steps": 1}, encoded, "music") == first
    marks = {first, fingerprint({"steps": 2}, encoded, "music")}
    marks.add(fingerprint({"steps": 1}, encoded, "image"))
    (encoded / "train.ids.npy").write_bytes(b"2")
    marks.add(fingerprint({"steps": 1}, encoded, "music"))
    assert len(marks) == 4


def _live(pipe):
    die_with_parent()
    pipe.send(os.getpid())
    time.sleep(60)


def _start(pipe):
    child = multiprocessing.get_context("fork").Process(target=_live, args=(pipe,))
    child.start()
    child.join()


@pytest.mark.parametrize(
    ("starter", "outlives"), [("DVC_STAGE", False), ("TORCHELASTIC_RUN_ID", False), ("USER", True)]
)
def test_a_training_dies_with_dvc_and_outlives_a_shell(monkeypatch, starter, outlives):
    for name in ("DVC_STAGE", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(starter, "train@run")
    ours, theirs = multiprocessing.Pipe()
    parent = multiprocessing.get_context("fork").Process(target=_start, args=(theirs,))
    parent.start()
    trainer = os.pidfd_open(ours.recv())
    parent.kill()
    parent.join()
    ended = bool(select.select([trainer], [], [], 0.3 if outlives else 10)[0])
    if not ended:
        signal.pidfd_send_signal(trainer, signal.SIGKILL)
    os.close(trainer)
    assert ended != outlives

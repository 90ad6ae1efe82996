import multiprocessing

import pytest

from pipeline.errors import PipelineError
from pipeline.training.workspace import WORK, fingerprint, workspace


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


def test_leftovers_of_other_settings_are_kept_until_the_run_is_trained():
    for run, mark in (("run", "old"), ("run", "new"), ("other_run", "old")):
        with pytest.raises(RuntimeError), workspace(run, mark):
            raise RuntimeError
    assert len(list(WORK.glob("*/*/"))) == 3
    with workspace("run", "old") as old:
        assert old.parent.joinpath("new").exists()
    assert [str(folder) for folder in WORK.glob("*/*/")] == [f"{WORK}/other_run/old"]


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


def test_the_fingerprint_holds_the_code_of_a_training_and_not_the_settings_of_other_stages(
    tmp_path, monkeypatch
):
    of_task = "pipeline/tasks/music"
    counted = [
        "models/a.py",
        "pipeline/training/b.py",
        f"{of_task}/codec/c.py",
        f"{of_task}/batches.py",
    ]
    for name in [*counted, f"{of_task}/settings.py"]:
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.setattr("pipeline.training.workspace._CODE", tmp_path / "code")
    (tmp_path / "encoded").mkdir()
    marks = [fingerprint({}, tmp_path / "encoded", "music")]
    for name in counted:
        (tmp_path / "code" / name).write_text("changed")
        marks.append(fingerprint({}, tmp_path / "encoded", "music"))
    assert len(set(marks)) == len(marks)
    (tmp_path / "code" / of_task / "settings.py").write_text("changed")
    assert fingerprint({}, tmp_path / "encoded", "music") == marks[-1]

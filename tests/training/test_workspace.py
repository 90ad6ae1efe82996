import multiprocessing
from pathlib import Path
from types import SimpleNamespace

import pytest

from models.settings import Structure
from pipeline.errors import PipelineError
from pipeline.training.workspace import WORK, code_of, fingerprint, workspace
from tests.models.baselines import CONVS2S, LSTM, PIXELCNN
from tests.models.networks import SKEWED, settings

ROOT = Path(__file__).parents[2]


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


@pytest.fixture
def encoded(tmp_path):
    folder = tmp_path / "encoded"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    (folder / "train.ids.npy").write_bytes(b"1")
    return folder


def test_the_fingerprint_tells_settings_data_and_code_apart(tmp_path, encoded):
    code, other = tmp_path / "a.py", tmp_path / "b.py"
    for path in (code, other):
        path.write_text("")
    first = fingerprint({"steps": 1}, encoded, [code])
    assert fingerprint({"steps": 1}, encoded, [code]) == first
    marks = {first, fingerprint({"steps": 2}, encoded, [code])}
    marks.add(fingerprint({"steps": 1}, encoded, [other]))
    (encoded / "train.ids.npy").write_bytes(b"2")
    marks.add(fingerprint({"steps": 1}, encoded, [code]))
    code.write_text("changed")
    marks.add(fingerprint({"steps": 1}, encoded, [code]))
    assert len(marks) == 5


def _run(model, task="music"):
    return SimpleNamespace(model=model, task=task)


COMPUTED_WITH = [
    "models/shared/a.py",
    "models/transformer/b.py",
    "models/positions/skewed_relative.py",
    "pipeline/training/c.py",
    "pipeline/tasks/music/codec/d.py",
    "pipeline/tasks/music/batches.py",
]
OF_OTHERS = [
    "models/lstm/a.py",
    "models/positions/sinusoid.py",
    "pipeline/decoding/b.py",
    "pipeline/tasks/music/settings.py",
    "pipeline/tasks/music/decoding/c.py",
    "pipeline/tasks/image/batches.py",
]


def test_the_fingerprint_holds_the_code_of_a_training_and_nothing_else(
    tmp_path, encoded, monkeypatch
):
    run = _run(settings(Structure.DECODER, SKEWED))
    for name in COMPUTED_WITH + OF_OTHERS:
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.setattr("pipeline.training.workspace._CODE", tmp_path / "code")
    marks = [fingerprint({}, encoded, code_of(run))]
    for name in COMPUTED_WITH:
        (tmp_path / "code" / name).write_text("changed")
        marks.append(fingerprint({}, encoded, code_of(run)))
    assert len(set(marks)) == len(marks)
    for name in OF_OTHERS:
        (tmp_path / "code" / name).write_text("changed")
    assert fingerprint({}, encoded, code_of(run)) == marks[-1]


@pytest.mark.parametrize(
    ("model", "task"),
    [
        (settings(Structure.DECODER, SKEWED), "music"),
        (LSTM, "music"),
        (settings(Structure.ENCODER_DECODER), "translation"),
        (CONVS2S, "translation"),
        (PIXELCNN, "image"),
    ],
)
def test_the_code_of_a_training_is_that_of_its_architecture_and_its_task(model, task):
    names = {str(path.relative_to(ROOT)) for path in code_of(_run(model, task))}
    assert {"models/shared/base.py", f"models/{model.architecture}/network.py"} <= names
    assert f"models/positions/{model.positions.kind}.py" in names
    assert {"pipeline/training/loss.py", f"pipeline/tasks/{task}/batches.py"} <= names
    architectures = {name.split("/")[1] for name in names if name.startswith("models/")}
    assert architectures == {"shared", "positions", model.architecture}
    assert all((ROOT / name).is_file() for name in names)

from pathlib import Path

import pytest

from pipeline import config
from pipeline.training.workspace import fingerprint_of
from pipeline.unfinished import warn_of_another

PARAMS = Path(__file__).parents[1] / "params.yaml"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run whose training was interrupted after a checkpoint."""
    monkeypatch.chdir(tmp_path)
    run = config.run_of(config.load(PARAMS), "music_relative")
    encoded = tmp_path / "data/encoded" / run.dataset
    encoded.mkdir(parents=True)
    folder = tmp_path / ".work/train/music_relative" / fingerprint_of(run)
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").touch()
    return run


def test_a_training_that_resumes_needs_no_word(run, capsys):
    warn_of_another("music_relative", run)
    warn_of_another("music_sinusoid", run)  # without a checkpoint
    assert capsys.readouterr().err == ""


def test_a_training_of_other_steps_says_that_it_does_not_resume(run, capsys):
    training = run.training.model_copy(update={"steps": run.training.steps + 1})
    warn_of_another("music_relative", run.model_copy(update={"training": training}))
    assert capsys.readouterr().err == (
        "music_relative: parameters, data or code differ from those of the interrupted training in "
        ".work/train/music_relative; this one starts from step 0. Changed back, that one resumes\n"
    )

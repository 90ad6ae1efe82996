"""The train stage on a handful of images, as its command."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pipeline import train
from pipeline.corpus import write_sequences
from pipeline.errors import ConfigError, DataError

ROOT = Path(__file__).parents[1]
RUN = "image_local_2d"
LAYOUT = {"kind": "image", "height": 8, "width": 8, "channels": 1}
SHAPE = {"inputs": 27, "outputs": 17, "layout": LAYOUT}
CURVE = f"reports/curves/{RUN}.csv"


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """The smoke scale with its encoded images made up."""
    monkeypatch.chdir(tmp_path)
    configure()
    encoded = tmp_path / "data/encoded/digits"
    encoded.mkdir(parents=True)
    random = np.random.default_rng(1)
    for split, count in (("train", 40), ("validation", 10)):
        ids = random.integers(0, 17, size=(count, 65))
        ids[:, 0] = 17 + ids[:, 0] % 10
        write_sequences(encoded, split, "pixels", list(ids), np.dtype(np.int16))
    (encoded / "manifest.json").write_text(json.dumps({"shape": SHAPE}))
    return tmp_path


def configure(**changes: int | float) -> None:
    """The settings of the smoke scale, some of them changed in every run."""
    text = (ROOT / "tests/smoke/params.yaml").read_text()
    for key, value in changes.items():
        text = re.sub(rf"^( +{key}:) [\d.]+", rf"\1 {value}", text, flags=re.MULTILINE)
    Path("params.yaml").write_text(text)


def test_the_command_starts_the_processes_of_a_run_and_they_train_as_one(scale):
    configure(dropout=0.0, embedding_dropout=0.0, processes=2)
    command = [sys.executable, ROOT / "pipeline", "train", RUN]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    # Told by one process only.
    assert re.fullmatch(rf"{RUN}: 12/12 .* nats\n{RUN}: .* s, .* GB in .*\n", done.stderr)
    two = np.loadtxt(CURVE, delimiter=",", skiprows=1)
    configure(dropout=0.0, embedding_dropout=0.0)
    train.main(RUN)
    assert two[:, 0].tolist() == [6, 12]
    assert_allclose(two, np.loadtxt(CURVE, delimiter=",", skiprows=1), rtol=1e-5)
    assert not list(scale.glob(".work/train/*/*/"))


def test_another_number_of_processes_than_the_run_asks_for_is_told(scale, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ConfigError, match="processes = 1, but torchrun started 3; make them equal"):
        train.main(RUN)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "shape: is missing"),
        ([], "shape: is missing"),
        ({"shape": None}, "shape: the file is empty: should have keys and values"),
        ({"shape": {**SHAPE, "inputs": "many"}}, 'inputs = "many": should be a valid integer'),
        ({"shape": {"inputs": 27}}, "outputs is missing"),
    ],
)
def test_a_damaged_shape_is_told_in_one_line(scale, content, told):
    manifest = Path("data/encoded/digits/manifest.json")
    manifest.write_text(json.dumps(content))
    with pytest.raises(DataError) as caught:
        train.main(RUN)
    message = str(caught.value)
    assert message.startswith(f"{manifest}: ") and told in message and "\n" not in message
    assert message.endswith("; run the encode stage again")

"""A scale for files of one's own: what it holds, and that the stages read its data."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import config, cost, download, encode, new
from pipeline.errors import ConfigError, DataError
from pipeline.files import read_json
from tests.tasks.classification.texts import words
from tests.tasks.molecules.networks import write_molecules
from tests.tasks.music.midi_bytes import midi, off, on

LANGUAGES = {"de": "Satz {} über {} und {}.", "en": "Sentence {} about {} and {}."}


def write_music(folder: Path, count: int = 20) -> None:
    for number in range(count):
        pitches = [40 + time * number % 40 for time in range(40)]
        events = [event for pitch in pitches for event in ((0, on(pitch)), (240, off(pitch)))]
        (folder / f"{number}.MID").write_bytes(midi(events))


def write_pictures(folder: Path, count: int = 40) -> None:
    rng = np.random.default_rng(1)
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(256, size=(20, 24, 3), dtype=np.uint8)).save(path)


def write_texts(folder: Path, count: int = 2000) -> None:
    rng = np.random.default_rng(1)
    words = rng.integers(10**9, size=(count, 3))
    for language, sentence in LANGUAGES.items():
        lines = [sentence.format(*row) for row in words]
        (folder / f"corpus.{language}").write_text("\n".join(lines))


def write_manuals(folder: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(90):
        path = folder / "abc"[number % 3] / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(words(rng, 25))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, in git, where dvc is found; an update is not timed."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setattr(cost, "seconds_of_update", lambda run, layout, ids: 0.5)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("write", "task", "what", "records"),
    [
        (write_music, "music", "20 MIDI files", 20),
        (write_pictures, "image", "40 pictures", 40),
        (write_texts, "translation", "corpus.de and corpus.en, from de to en", 2000),
        (write_molecules, "molecules", "5 xyz files", 30),
        (write_manuals, "classification", "90 text files of 3 classes", 90),
    ],
)
def test_the_stages_read_what_it_writes(folder, capsys, monkeypatch, write, task, what, records):
    write(folder / "own")
    new.main(Path("mine"), Path("own"))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"mine: {what}, a scale of {task}"
    assert "updates of about 0.50 seconds" in said[1]
    assert said[2] == "next: cd mine && dvc repro"

    monkeypatch.chdir(folder / "mine")
    params = config.load()
    assert (len(params.runs), list(params.datasets)) == (1, ["mine"])
    assert Path("dvc.yaml").read_bytes() == (new._CODE / "dvc.yaml").read_bytes()
    cache = subprocess.check_output(["dvc", "cache", "dir"], text=True).strip()
    assert Path(cache) == new._CODE / ".dvc/cache"
    download.main("mine")
    encode.main("mine")
    facts = read_json(Path("reports/data/mine.json"))
    assert sum(split["records"] for split in facts["splits"].values()) == records
    assert not facts["skipped"]


@pytest.mark.parametrize(
    ("write", "count"), [(write_music, 4), (write_pictures, 8), (write_texts, 150)]
)
def test_few_files_leave_no_split_empty(folder, monkeypatch, write, count):
    write(folder / "own", count)
    new.main(Path("mine"), Path("own"))
    monkeypatch.chdir(folder / "mine")
    download.main("mine")
    encode.main("mine")
    splits = read_json(Path("reports/data/mine.json"))["splits"]
    assert all(splits[name]["records"] > 0 for name in ("train", "validation", "test"))
    assert sum(split["records"] for split in splits.values()) == count


def test_what_cannot_be_a_scale_is_refused_and_nothing_is_written(folder):
    with pytest.raises(DataError, match="^--from missing: not a folder$"):
        new.main(Path("mine"), Path("missing"))
    with pytest.raises(
        DataError, match="^--from own: no files of any task; give a folder of two texts"
    ):
        new.main(Path("mine"), Path("own"))
    write_music(folder / "own")
    with pytest.raises(ConfigError, match="datasets.My-Music: a name should have lower-case"):
        new.main(Path("My-Music"), Path("own"))
    with pytest.raises(ConfigError, match="^own: exists; choose another name, or remove it$"):
        new.main(Path("own"), Path("own"))
    write_pictures(folder / "own")
    several = r"files of several tasks: 40 pictures \(image\), 20 MIDI files \(music\); give"
    with pytest.raises(DataError, match=several):
        new.main(Path("mine"), Path("own"))
    assert {path.name for path in folder.iterdir()} == {".git", "own"}


@pytest.mark.parametrize(
    ("name", "shape", "has_source"),
    [
        ("music_relative", (4, 256), False),  # batch_tokens / crop
        ("image_local_2d", (16, 64), False),  # batch_tokens / pixels
        ("translation_sinusoid", (20, 30), True),  # batch_tokens / a sentence
    ],
)
def test_an_update_is_timed_with_batches_of_the_size_of_a_run(monkeypatch, name, shape, has_source):
    params = config.load(new._CODE / "params.yaml")
    run = params.runs[name]
    layout = params.datasets[run.dataset].layout
    batches = []

    def build(model, data):
        network = cost_build(model, data)
        nats = network.nats
        network.nats = lambda *given: batches.append(given) or nats(*given)
        return network

    cost_build = cost.build
    monkeypatch.setattr(cost, "build", build)
    assert 0.0 < cost.seconds_of_update(run, layout, 17) < 60.0
    assert len(batches) == 4
    inputs, targets, source = batches[0]
    assert inputs.shape == targets.shape == shape
    assert (source is not None) == has_source

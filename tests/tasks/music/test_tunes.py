"""Books of tunes, made up and the real ones, to splits of melodies."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline import config
from pipeline.corpus import SPLITS, read_clusters, read_sequences
from pipeline.encoding.near_duplicates import overlap
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.music.codec.melody import SHAPE, SILENCE, from_ids
from pipeline.tasks.music.encoding.encode import encode
from pipeline.tasks.music.encoding.tunes import find_tunes
from pipeline.tasks.music.settings import Representation, TuneEncoding, TuneReader
from tests.wrong_params import ROOT

LETTERS = "CDEFGABc"
PITCH = dict(zip(LETTERS, [60, 62, 64, 65, 67, 69, 71, 72], strict=True))


def letters(index: int) -> list[str]:
    """Twenty notes, with runs of 8 that no other index has."""
    return np.random.default_rng([index]).choice(list(LETTERS), 20).tolist()


def abc(number: int, music: str, key: str = "C") -> str:
    return f"X: {number}\nT:A tune\nM:4/4\nL:1/8\nK:{key}\n{music}|\n\n"


def wheel(raw: Path, books: dict[str, str]) -> Path:
    """Write a wheel with `books`, file name -> text, where music21 has its corpus."""
    raw.mkdir(parents=True, exist_ok=True)
    path = raw / "music21-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("music21/corpus/essenFolksong/han1.abc", abc(1, "CDEF"))
        for name, text in books.items():
            archive.writestr(f"music21/corpus/{name}", text)
    return path


def encoding(**changes) -> TuneEncoding:
    values = {
        "representation": Representation.MELODY,
        "reader": TuneReader.MUSIC21_TUNES,
        "workers": 1,
        "max_shared_ngrams": 0.2,
        "max_skipped": 0.1,
        "splits": Splits(validation=0.2, test=0.3, seed=1),
    }
    return TuneEncoding(**values | changes)


@pytest.fixture
def raw(tmp_path):
    """Twenty tunes; one more has another key and other lengths, and one is broken."""
    tunes = [abc(number, "".join(letters(number))) for number in range(20)]
    twin = abc(900, "2".join(letters(3)), key="C").replace("K:C", "K:F\n[K:C]")
    books = {
        "airdsAirs/book1.abc": "% The first book\n\n" + "".join(tunes[:8]),
        "oneills1850/0001-0050.abc": "".join(tunes[8:12]).replace("\n", "\r\n") + twin,
        "ryansMammoth/BrokenReel.abc": abc(1, "CD =|"),
        **{f"ryansMammoth/Reel{number}.abc": tunes[number] for number in range(12, 20)},
    }
    wheel(tmp_path / "raw", books)
    return tmp_path / "raw"


def run(raw, folder, **changes) -> dict:
    folder.mkdir()
    return encode(raw, folder, encoding(**changes))


def test_the_manifest_counts_what_is_written_and_what_is_left_out(raw, tmp_path):
    manifest = run(raw, tmp_path / "out")
    reason = "abc2midi: Malformed note : expecting a-g or A-G"
    assert manifest == {
        "representation": "melody",
        "shape": SHAPE.model_dump(),
        "splits": {
            "train": {"records": 10, "tokens": 200},
            "validation": {"records": 4, "tokens": 80},
            "test": {"records": 6, "tokens": 120},
        },
        "dropped": {"near-duplicate": 1, reason: 1},
        "skipped": [{"record": "ryansMammoth/BrokenReel/1", "reason": reason}],
        "near_duplicates": [
            {"piece": "oneills1850/0001-0050/900", "of": "airdsAirs/book1/3", "shared": 1.0}
        ],
        "tunes": 22,
        "notes": 400,
    }
    json.dumps(manifest)


def test_each_tune_is_in_one_split_under_its_name_and_the_first_come_from_all_books(raw, tmp_path):
    run(raw, tmp_path / "out")
    seen = []
    for split in SPLITS:
        names = json.loads((tmp_path / "out" / f"{split}.pieces.json").read_text())
        for name, ids in zip(names, read_sequences(tmp_path / "out", split, "tokens"), strict=True):
            number = int(name.rpartition("/")[2])
            melody = from_ids(ids)
            assert melody.pitch.tolist() == [PITCH[letter] for letter in letters(number)]
            assert set(melody.length.tolist()) == {12}
        if split != "train":
            assert read_clusters(tmp_path / "out", split) == names
        assert names != sorted(names)
        seen += names
    assert sorted(seen) == sorted(
        tune.name for tune in find_tunes(raw) if not tune.name.endswith(("/900", "BrokenReel/1"))
    )


def test_the_bytes_depend_on_the_seed_and_not_on_the_workers(raw, tmp_path):
    files = {}
    for name, seed, workers in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1)):
        splits = Splits(validation=0.2, test=0.3, seed=seed)
        run(raw, tmp_path / name, splits=splits, workers=workers)
        files[name] = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    assert files["a"] == files["b"]
    assert files["a"]["test.pieces.json"] != files["c"]["test.pieces.json"]


def test_wheels_that_do_not_serve(raw, tmp_path):
    with pytest.raises(DataError, match=r"1 of 22 records cannot be used, .*BrokenReel/1:"):
        run(raw, tmp_path / "out", max_skipped=0.04)
    with pytest.raises(DataError, match="no tunes in ABC inside; is it the wheel of music21"):
        run(wheel(tmp_path / "none", {}).parent, tmp_path / "none_out")
    huge = wheel(tmp_path / "huge", {"airdsAirs/book1.abc": " " * (1 << 20) + " "})
    with pytest.raises(DataError, match=r"cannot be read \(.*larger than 1048576 bytes\)"):
        run(huge.parent, tmp_path / "huge_out")
    path = next(raw.iterdir())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"cannot be read \(File is not a zip file\)"):
        run(raw, tmp_path / "cut_out")


@pytest.fixture(scope="module")
def real(chorales_raw, tmp_path_factory):
    """The tunes of lecture/params.yaml; the wheel is that of the chorales."""
    tunes = config.dataset_of(config.load(ROOT / "lecture/params.yaml"), "tunes")
    folder = tmp_path_factory.mktemp("tunes")
    return folder, encode(chorales_raw, folder, tunes.encoding)


def test_the_real_books(real):
    _, manifest = real
    assert manifest["tunes"] == 4248
    assert {split: counts["records"] for split, counts in manifest["splits"].items()} == {
        "train": 2514,
        "validation": 199,
        "test": 600,
    }
    assert len(manifest["near_duplicates"]) == manifest["dropped"]["near-duplicate"] == 723
    assert len(manifest["skipped"]) == 212


def test_no_real_tune_that_is_held_out_is_nearly_one_of_training(real):
    folder, _ = real
    train, _, test = (
        [runs_of_8(ids) for ids in read_sequences(folder, split, "tokens")] for split in SPLITS
    )
    largest = max(overlap(held_out, known) for held_out in test[:100] for known in train)
    assert 0.1 < largest <= 0.2


def runs_of_8(ids: np.ndarray) -> frozenset[tuple[int, ...]]:
    """The notes of each run of 8, from the first on."""
    pitch = [pitch for pitch in from_ids(ids).pitch.tolist() if pitch != SILENCE]
    return frozenset(
        tuple(each - pitch[at] for each in pitch[at : at + 8]) for at in range(len(pitch) - 7)
    )

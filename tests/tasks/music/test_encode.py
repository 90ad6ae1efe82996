import json

import numpy as np
import pytest

from pipeline.corpus import read_clusters, read_sequences
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.music.codec.grid import from_ids
from pipeline.tasks.music.encoding.encode import encode
from pipeline.tasks.music.settings import ChoraleEncoding, ChoraleReader, Representation
from tests.tasks.music.scores import chorale, measures, melody, mxl, note, wheel

MIDI = {"C5": 72, "D5": 74, "E5": 76, "F5": 77, "G5": 79, "A5": 81, "B5": 83, "C6": 84}
PITCHES = list(MIDI)


def tune(index: int) -> list[str]:
    """Ten pitches, with runs of 8 that no other index has."""
    random = np.random.default_rng([index])
    return [PITCHES[(i + int(random.integers(1, 4))) % 8] for i in range(0, 40, 4)]


def encoding(**changes) -> ChoraleEncoding:
    settings = {
        "representation": Representation.CHORALE_GRID,
        "reader": ChoraleReader.MUSIC21_CHORALES,
        "max_shared_ngrams": 0.5,
        "max_skipped": 0.2,
        "training_share": 1.0,
        "splits": Splits(validation=0.2, test=0.3, seed=1),
    }
    return ChoraleEncoding(**{**settings, **changes})


@pytest.fixture
def raw(tmp_path):
    """Ten pieces; one more is the first in another key, and one is broken."""
    pieces = {f"bwv{i:02}.mxl": mxl(melody(tune(i))) for i in range(10)}
    higher = [pitch[0] + "#" + pitch[1] for pitch in tune(0)]
    sharp = {pitch: note(pitch, 4) for pitch in higher}
    transposed = chorale(measures("".join(sharp[pitch] for pitch in higher)))
    wheel(tmp_path / "raw", {**pieces, "bwv10.mxl": mxl(transposed), "bwv11.mxl": b"broken"})
    return tmp_path / "raw"


def run(raw, folder, **changes) -> dict:
    folder.mkdir()
    return encode(raw, folder, encoding(**changes))


def test_the_manifest_counts_what_is_written_and_what_is_left_out(raw, tmp_path):
    manifest = run(raw, tmp_path / "out")
    assert manifest["shape"] == {
        "inputs": 130,
        "outputs": 129,
        "layout": {"kind": "voices", "voices": 4, "pitches": 128},
    }
    assert manifest["splits"] == {
        "train": {"records": 5, "tokens": 5 * 10 * 4 * 4},  # 10 quarters of 4 16ths, 4 voices
        "validation": {"records": 2, "tokens": 2 * 10 * 4 * 4},
        "test": {"records": 3, "tokens": 3 * 10 * 4 * 4},
    }
    reason = "not a zip archive, or a damaged one"
    assert manifest["dropped"] == {reason: 1, "near-duplicate": 1}
    assert manifest["skipped"] == [{"record": "bwv11", "reason": reason}]
    assert manifest["near_duplicates"] == [{"piece": "bwv10", "of": "bwv00", "shared": 1.0}]
    assert (manifest["notes"], manifest["notes_off_grid"]) == (100, 0)
    assert manifest["sixteenths"] == {"shortest": 40, "median": 40, "longest": 40}
    json.dumps(manifest)


def test_each_piece_is_in_one_split_under_its_name(raw, tmp_path):
    run(raw, tmp_path / "out")
    seen = []
    for split in ("train", "validation", "test"):
        names = json.loads((tmp_path / "out" / f"{split}.pieces.json").read_text())
        pieces = read_sequences(tmp_path / "out", split, "tokens")
        assert names == sorted(names)
        for name, ids in zip(names, pieces, strict=True):
            expected = [MIDI[pitch] for pitch in tune(int(name[3:]))]
            assert from_ids(ids)[::4, 0].tolist() == expected
        if split != "train":
            assert read_clusters(tmp_path / "out", split) == names
        seen += names
    assert not (tmp_path / "out" / "train.clusters.txt").exists()
    assert sorted(seen) == [f"bwv{i:02}" for i in range(10)]


def test_the_same_bytes_on_every_run_and_another_split_for_another_seed(raw, tmp_path):
    splits = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(raw, tmp_path / name, splits=Splits(validation=0.2, test=0.3, seed=seed))
        files = sorted((tmp_path / name).iterdir())
        splits[name] = {file.name: file.read_bytes() for file in files}
    assert splits["a"] == splits["b"]
    assert splits["a"]["test.pieces.json"] != splits["c"]["test.pieces.json"]


def test_a_share_of_the_training_pieces_is_part_of_a_larger_one(raw, tmp_path):
    names = {}
    for share, count in ((0.2, 1), (0.5, 3), (1.0, 5)):  # of 5 pieces, rounded up
        folder = tmp_path / str(share)
        manifest = run(raw, folder, training_share=share)
        names[share] = json.loads((folder / "train.pieces.json").read_text())
        assert manifest["splits"]["train"]["records"] == len(names[share]) == count
        assert manifest["dropped"].get("not in the share for training", 0) == 5 - count
        assert len(list(read_sequences(folder, "train", "tokens").rows())) == count
        for split in ("validation", "test"):
            for path in folder.glob(f"{split}.*"):
                assert path.read_bytes() == (tmp_path / "0.2" / path.name).read_bytes()
    assert set(names[0.2]) < set(names[0.5]) < set(names[1.0])
    assert names[0.5] == sorted(names[0.5]) != names[1.0][:3]


def test_too_many_unusable_records_are_an_error(raw, tmp_path):
    message = (
        r"1 of 12 records cannot be used, .*max_skipped = 0\.05; the first is bwv11: not a zip"
    )
    with pytest.raises(DataError, match=message):
        run(raw, tmp_path / "out", max_skipped=0.05)


def test_an_empty_split_is_an_error(raw, tmp_path):
    with pytest.raises(DataError, match="10 records leave split 'validation' empty"):
        run(raw, tmp_path / "out", splits=Splits(validation=0.0, test=0.3, seed=1))

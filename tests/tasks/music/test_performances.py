import csv
import io
import json
import os
import tarfile
import zipfile

import numpy as np
import pytest

from pipeline.corpus import read_clusters, read_sequences
from pipeline.encoding.records import Skipped
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.music.codec.events import from_ids
from pipeline.tasks.music.encoding import midi_reader
from pipeline.tasks.music.encoding.encode import encode
from pipeline.tasks.music.encoding.midi_files import find_midi
from pipeline.tasks.music.encoding.midi_reader import MidiFile, Performance, read_performances
from pipeline.tasks.music.settings import PerformanceEncoding, PerformanceReader, Representation
from tests.tasks.music.deadly import Deadly, Endless
from tests.tasks.music.midi_bytes import END, SCALE, midi, off, on

GOOD = midi(SCALE)
FOLDER, MAESTRO = PerformanceReader.MIDI_FOLDER, PerformanceReader.MAESTRO
SPLITS = Splits(validation=0.2, test=0.2, seed=1)


def encoding(reader=FOLDER, **changes) -> PerformanceEncoding:
    values = {
        "representation": Representation.PERFORMANCE_EVENTS,
        "reader": reader,
        "workers": 1,
        "max_minutes": 60.0,
        "max_skipped": 0.5,
        "splits": None if reader is MAESTRO else SPLITS,
    }
    return PerformanceEncoding(**{**values, **changes})


def one_note(pitch: int) -> bytes:
    return midi([(0, on(pitch)), (480, off(pitch))])


@pytest.fixture
def folder(tmp_path):
    """Ten performances of a note each, and four files that are none."""
    raw = tmp_path / "raw"
    (raw / "deep").mkdir(parents=True)
    for pitch in range(60, 70):
        (raw / "deep" / f"{pitch}.mid").write_bytes(one_note(pitch))
    (raw / "a.MIDI").write_bytes(b"")
    (raw / "b.mid").write_bytes(b"RIFF" * 40)
    (raw / "c.midi").write_bytes(GOOD[:40])
    (raw / "d.mid").write_bytes(midi(SCALE, kind=2))
    (raw / "source.json").write_text("{}")
    return raw


def run(raw, out, **changes) -> dict:
    out.mkdir()
    return encode(raw, out, encoding(**changes))


def test_what_is_none_is_counted_and_listed_and_nothing_else_is_lost(folder, tmp_path):
    manifest = run(folder, tmp_path / "out")
    assert manifest["representation"] == "performance_events"
    assert manifest["repairs"] == {} and manifest["repaired"] == []
    assert manifest["dropped"] == {
        "empty": 1,
        "not a MIDI file": 1,
        "a damaged MIDI file": 1,
        "a MIDI file of type 2, whose tracks are independent": 1,
    }
    assert [skip["record"] for skip in manifest["skipped"]] == [
        "a.MIDI",
        "b.mid",
        "c.midi",
        "d.mid",
    ]
    assert {split: part["records"] for split, part in manifest["splits"].items()} == {
        "train": 6,
        "validation": 2,
        "test": 2,
    }
    pitches = {}
    for split in manifest["splits"]:
        names = json.loads((tmp_path / "out" / f"{split}.pieces.json").read_text())
        if split != "train":
            assert read_clusters(tmp_path / "out", split) == names
        for name, ids in zip(names, read_sequences(tmp_path / "out", split, "tokens"), strict=True):
            pitches[name] = from_ids(ids).notes.pitch.tolist()
    assert pitches == {f"deep/{pitch}.mid": [pitch] for pitch in range(60, 70)}


def test_repairs_are_counted_and_their_records_named(folder, tmp_path):
    held = midi([(0, on(60)), (480, on(60)), (480, END[1])], [(0, on(36, channel=9))], kind=1)
    (folder / "held.mid").write_bytes(held)
    (folder / "longer.mid").write_bytes(GOOD + b"rest")
    manifest = run(folder, tmp_path / "out")
    found = {
        "files with bytes after their last chunk, ignored": 1,
        "notes never ended, kept to the end of their track": 1,
        "notes struck again before they ended, ended there": 1,
        "notes of the drums' channel, left out": 1,
    }
    written = json.loads(json.dumps(manifest))
    assert written["repairs"] == found
    (longer, count), *of_held = found.items()
    assert written["repaired"] == [
        {"record": "held.mid", "repairs": dict(of_held)},
        {"record": "longer.mid", "repairs": {longer: count}},
    ]


def test_the_same_bytes_for_any_number_of_workers(folder, tmp_path):
    files = {}
    for workers in (1, 2):
        manifest = run(folder, tmp_path / str(workers), workers=workers)
        written = sorted((tmp_path / str(workers)).iterdir())
        files[workers] = manifest, {path.name: path.read_bytes() for path in written}
    assert files[1] == files[2]


def test_too_many_unusable_files_are_an_error(folder, tmp_path):
    with pytest.raises(
        DataError, match="4 of 14 records cannot be used, .*; the first is a.MIDI: empty"
    ):
        run(folder, tmp_path / "out", max_skipped=0.1)


@pytest.mark.parametrize("kind", [Deadly, Endless])
def test_a_file_that_crashes_the_reader_or_never_ends_loses_only_itself(kind, folder, monkeypatch):
    monkeypatch.setattr(midi_reader, "_CHUNK", 1)
    paths = sorted((folder / "deep").iterdir())
    files = [MidiFile(path.name, path, None, None) for path in paths]
    files[1] = kind(files[1].name, files[1].path, None, None)
    found = read_performances(files, 2, 3600.0)
    assert list(found) == [path.name for path in paths]
    assert found.pop("61.mid") == Skipped("61.mid", midi_reader.DEADLY)
    assert all(isinstance(outcome, Performance) for outcome in found.values())


def test_names_of_files_may_hold_line_breaks(folder, tmp_path):
    name = "sonata\nno. 1\r\\n.mid"
    for path in sorted((folder / "deep").iterdir()):
        path.rename(folder / "deep" / f"{path.stem} {name}")
    run(folder, tmp_path / "out")
    clusters = [read_clusters(tmp_path / "out", split) for split in ("validation", "test")]
    assert [len(names) for names in clusters] == [2, 2]
    assert all(cluster.endswith(name) for names in clusters for cluster in names)


def test_of_a_folder_hidden_files_are_none_and_names_may_be_of_any_bytes(tmp_path):
    raw = tmp_path / "raw"
    for hidden in (".ipynb_checkpoints", "__MACOSX/deep", "deep"):
        (raw / hidden).mkdir(parents=True)
    names = [b"F\xfcr Elise.mid", "Für Elise.kar".encode(), b"a.rmi", b"b.SMF", b"deep/c.midi"]
    hidden = [b".ipynb_checkpoints/a.mid", b"__MACOSX/deep/a.mid", b"._a.mid"]
    for number, name in enumerate([*names, *hidden]):
        with open(os.path.join(os.fsencode(raw), name), "wb") as file:
            file.write(one_note(60 + number))
    found = [file.name for file in find_midi(raw, FOLDER)]
    assert found == ["F\\xfcr Elise.mid", "Für Elise.kar", "a.rmi", "b.SMF", "deep/c.midi"]
    manifest = run(raw, tmp_path / "out")
    assert sum(part["records"] for part in manifest["splits"].values()) == 5


def maestro(raw, rows: list[tuple[str, str]], members: dict[str, bytes]) -> None:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerows(
        [("canonical_title", "split", "midi_filename"), *(("é, x", *row) for row in rows)]
    )
    with zipfile.ZipFile(raw / "any.zip", "w") as archive:
        archive.writestr("maestro-v3.0.0/maestro-v3.0.0.csv", table.getvalue())
        for name, content in members.items():
            archive.writestr(f"maestro-v3.0.0/{name}", content)


def test_maestro_has_the_split_of_its_csv(tmp_path):
    splits = {"2004/a.midi": "test", "2004/b.midi": "train", "2006/c.midi": "validation"}
    names = {name: one_note(60 + index) for index, name in enumerate(splits)}
    raw = tmp_path / "raw"
    raw.mkdir()
    rows = [(split, name) for name, split in splits.items()]
    maestro(raw, [*rows, ("train", "2006/absent.midi")], {**names, "2006/unlisted.midi": GOOD})
    manifest = run(raw, tmp_path / "out", reader=MAESTRO)
    assert manifest["skipped"] == [
        {"record": "2006/absent", "reason": "cannot be read from its archive"}
    ]
    for index, (name, split) in enumerate(splits.items()):
        (ids,) = read_sequences(tmp_path / "out", split, "tokens")
        assert from_ids(ids).notes.pitch.tolist() == [60 + index], name


def test_a_csv_with_another_split_is_an_error(tmp_path):
    maestro(tmp_path, [("dev", "2004/a.midi")], {})
    with pytest.raises(DataError, match="split = 'dev'; expected a name, and one of train"):
        find_midi(tmp_path, MAESTRO)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a" * (1 << 18), r"field larger than field limit \(131072\)"),
        ("a" * (5 << 20), r"maestro-v3.0.0/\S+ is larger than 4194304 bytes"),
    ],
    ids=["field", "table"],
)
def test_a_csv_that_is_too_large_is_an_error(name, told, tmp_path):
    maestro(tmp_path, [("train", name)], {})
    with pytest.raises(DataError, match=rf"any.zip: cannot be read \({told}\); run the download"):
        find_midi(tmp_path, MAESTRO)


def test_of_miditok_the_ten_performances_alone_are_read(tmp_path):
    with tarfile.open(tmp_path / "miditok-0.tar.gz", "w:gz") as archive:
        for name in (
            "MIDIs_one_track/Maestro_1.mid",
            "MIDIs_one_track/Other.mid",
            "x/Maestro_2.mid",
        ):
            member = tarfile.TarInfo(f"miditok-0/tests/{name}")
            member.size = len(GOOD)
            archive.addfile(member, io.BytesIO(GOOD))
    (file,) = find_midi(tmp_path, PerformanceReader.MIDITOK_MAESTRO)
    assert (file.name, file.content()) == ("Maestro_1", GOOD)


def test_an_archive_that_is_missing_or_damaged_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"expected one archive \*\.zip, found 0"):
        find_midi(tmp_path, MAESTRO)
    (tmp_path / "a.zip").write_bytes(b"PK" * 99)
    with pytest.raises(DataError, match="a.zip: cannot be read"):
        find_midi(tmp_path, MAESTRO)
    with pytest.raises(DataError, match="no MIDI file in it"):
        find_midi(tmp_path, FOLDER)


@pytest.mark.skipif("ATTENTION_MIRROR" not in os.environ, reason="ATTENTION_MIRROR is not set")
def test_some_performances_of_the_real_maestro(tmp_path):
    archive = f"{os.environ['ATTENTION_MIRROR']}/files/maestro-v3.0.0-midi.zip"
    (tmp_path / "maestro.zip").symlink_to(archive)
    files = find_midi(tmp_path, MAESTRO)
    counts = {
        split: sum(file.split == split for file in files)
        for split in ("train", "validation", "test")
    }
    assert counts == {"train": 962, "validation": 137, "test": 177}
    found = read_performances(files[:4], 1, 7200.0)
    assert all(isinstance(outcome, Performance) for outcome in found.values())
    assert all(np.ptp(outcome.ids) > 300 for outcome in found.values())

"""Malicious files, such as bombs, links and odd names: python -m faults.hostile.

Each case writes raw data and returns a function that reads them as the encode stage does.
"""

import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from faults.damage import Reaction
from faults.rows import record
from pipeline.encoding.records import Skipped
from pipeline.tasks.image.encoding.digits import read_digits
from pipeline.tasks.image.encoding.folder import read_folder
from pipeline.tasks.music.encoding.midi_files import find_midi
from pipeline.tasks.music.encoding.midi_reader import read_performances
from pipeline.tasks.music.encoding.read import read_pieces
from pipeline.tasks.music.settings import ChoraleReader, PerformanceReader
from pipeline.tasks.translation.encoding.encode import encode
from pipeline.tasks.translation.settings import LetterCase, TranslationEncoding, TranslationReader
from tests.encoding.apart import apart
from tests.tasks.image.pictures import everything, file_of, folder_encoding
from tests.tasks.music.midi_bytes import SCALE, midi
from tests.tasks.music.scores import wheel
from tests.tasks.music.test_jsb import npy

Reader = Callable[[], Reaction]
BOMB = 5 << 28  # bytes, packed into a few megabytes; with a copy as text more than 2 GiB
ENGLISH = [f"the {thing} number {i} is switched on" for i in range(40) for thing in ("lamp", "fan")]
GERMAN = [f"das {ding} Nummer {i} ist an" for i in range(40) for ding in ("Licht", "Rad")]


def parallel_text(reader: TranslationReader, **changes: object) -> TranslationEncoding:
    """Settings of a small parallel corpus."""
    values = {
        "reader": reader,
        "source_language": "en",
        "target_language": "de",
        "letter_case": LetterCase.KEPT,
        "vocabulary_size": 330,
        "vocabulary_sentences": 10_000,
        "vocabulary_seed": 1,
        "max_words": 12,
        "max_length_ratio": None,
        "min_test_words": 3,
        "max_test_words": 8,
        "near_twin_similarity": 1.0,
        "max_skipped": 0.6,
        "workers": 1,
        "splits": None,
    }
    return TranslationEncoding(**values | changes)


def _texts(raw: Path, bad: list[str], **changes: object) -> Reader:
    """Parquet files with `bad` texts among good ones in the training rows."""
    for split, start in (("train", 0), ("validation", 50), ("test", 60)):
        english, german = ENGLISH[start : start + 50], GERMAN[start : start + 50]
        if split == "train":
            english, german = english + bad, german + [f"Zahl {i}" for i in range(len(bad))]
        pq.write_table(pa.table({"en": english, "de": german}), raw / f"{split}.parquet")

    def read() -> Reaction:
        encoded = raw / "encoded"
        encoded.mkdir()
        encode(raw, encoded, parallel_text(TranslationReader.PARALLEL_COLUMNS, **changes))
        kept = (encoded / "train.source.txt").read_text(encoding="utf-8").split("\n")
        german = (encoded / "train.target.txt").read_text(encoding="utf-8").split("\n")
        assert set(ENGLISH[:50]) <= set(kept) and len(kept) == len(german)
        return Reaction.READ

    return read


def long_lines(raw: Path) -> Reader:
    """Texts of 10 MB: one of a single word, one of many."""
    return _texts(raw, ["a" * 10_000_000, "a b " * 2_500_000])


def control_characters(raw: Path) -> Reader:
    """NUL and all other control characters, and other line separators."""
    controls = [chr(code) for code in (*range(32), *range(127, 160), 0x2028, 0x2029, 0xFEFF)]
    return _texts(raw, [f"a{control}b" for control in controls], vocabulary_size=400)


def directions(raw: Path) -> Reader:
    """Right-to-left marks, overrides and isolates, and noncharacters of Unicode."""
    marks = "\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff\U0010ffff"
    return _texts(raw, [f"abc {mark}\u05d0\u05d1 def" for mark in marks])


def invalid_utf8(raw: Path) -> Reader:
    """A column of texts that are not UTF-8."""
    reader = _texts(raw, [])
    good = pq.read_table(raw / "train.parquet")
    bytes_ = pa.array([b"\xff\xfe\x80" for _ in range(len(good))]).view(pa.string())
    pq.write_table(pa.table({"en": bytes_, "de": good["de"]}), raw / "train.parquet")
    return reader


def _catalogues(raw: Path, hostile: bytes) -> Reader:
    """Home Assistant's wheel with integrations whose catalogue is `hostile`."""
    with zipfile.ZipFile(raw / "home-1.0-py3-none-any.whl", "w") as archive:
        for number in range(20):
            for language, texts in (("en", ENGLISH), ("de", GERMAN)):
                few = {str(i): texts[4 * number + i] for i in range(4)}
                archive.writestr(f"h/{number}/translations/{language}.json", json.dumps(few))
        for language in ("en", "de"):
            for copy in range(20):  # so that every split has one
                archive.writestr(f"h/hostile_{copy}/translations/{language}.json", hostile)
    splits = {"validation": 0.1, "test": 0.2, "seed": 1}

    def read() -> Reaction:
        from pipeline.settings.base import Splits

        encoded = raw / "encoded"
        encoded.mkdir()
        encoding = parallel_text(TranslationReader.HOME_ASSISTANT, splits=Splits(**splits))
        facts = encode(raw, encoded, encoding)
        return Reaction.SKIPPED if facts["skipped_records"] else Reaction.READ

    return read


def nested_json(raw: Path) -> Reader:
    """A hundred thousand nested objects."""
    return _catalogues(raw, b'{"a":' * 100_000 + b'"b"' + b"}" * 100_000)


def half_characters(raw: Path) -> Reader:
    """Half of a UTF-16 surrogate pair, which JSON can express and UTF-8 cannot."""
    return _catalogues(raw, b'{"a": "half \\ud83d"}')


def message_bomb(raw: Path) -> Reader:
    """A catalogue of more than a gigabyte, packed into a few megabytes."""
    path = raw / "home-1.0-py3-none-any.whl"
    reader = _catalogues(raw, b"{}")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("h/bomb/translations/de.json", "{}")
        with archive.open("h/bomb/translations/en.json", "w", force_zip64=True) as member:
            for _ in range(BOMB >> 24):
                member.write(b" " * (1 << 24))
    return reader


def climbing_members(raw: Path) -> Reader:
    """Members of an archive whose names lead out of the folder."""
    climbing = ("../../climbed.mxl", "/tmp/climbed.mxl", "music21/corpus/bach/../bwv1.mxl")
    wheel(raw, {"bwv1.mxl": b"no score"})
    with zipfile.ZipFile(next(raw.glob("*.whl")), "a") as archive:
        for name in climbing:
            archive.writestr(name, b"climbed")

    def read() -> Reaction:
        before = set(raw.parent.rglob("*"))
        pieces, skipped = apart(read_pieces(raw, ChoraleReader.MUSIC21_CHORALES))
        assert not pieces and [name for name, _ in skipped] == ["bwv1"]
        assert set(raw.parent.rglob("*")) == before
        return Reaction.SKIPPED

    return read


def score_bomb(raw: Path) -> Reader:
    """A score that unpacks to 80 MiB, packed twice."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", b" " * (80 << 20))
    wheel(raw, {"bwv1.mxl": inner.getvalue()})

    def read() -> Reaction:
        _, skipped = apart(read_pieces(raw, ChoraleReader.MUSIC21_CHORALES))
        assert "larger than" in skipped[0].reason
        return Reaction.SKIPPED

    return read


def digits_bomb(raw: Path) -> Reader:
    """A table of digits that unpacks to 128 MiB."""
    import gzip

    from tests.tasks.image.digits import write_member

    write_member(raw, gzip.compress(b"0," * (64 << 20)))

    def read() -> Reaction:
        everything(read_digits(raw))
        return Reaction.READ

    return read


def picture_bomb(raw: Path) -> Reader:
    """An image of 400 million pixels, beside a good one."""
    from PIL import Image

    (raw / "bomb.png").write_bytes(file_of(Image.new("1", (20_000, 20_000))))
    (raw / "good.png").write_bytes(file_of(np.zeros((32, 32, 3), np.uint8)))

    def read() -> Reaction:
        images, _ = everything(read_folder(raw, folder_encoding()))
        assert len(images["train"].labels) == 1
        return Reaction.SKIPPED

    return read


def large_picture(raw: Path) -> Reader:
    """A sparse file of five gigabytes, beside a good one."""
    (raw / "good.png").write_bytes(file_of(np.zeros((32, 32, 3), np.uint8)))
    with (raw / "large.png").open("wb") as file:
        file.truncate(5 << 30)

    def read() -> Reaction:
        images, unreadable = everything(read_folder(raw, folder_encoding()))
        assert len(images["train"].labels) == 1
        assert unreadable == [("large.png", "a file of more than 268,435,456 bytes")]
        return Reaction.SKIPPED

    return read


def links(raw: Path) -> Reader:
    """Links to an image outside, to its folder, to nothing, to themselves, to the folder itself."""
    elsewhere, pictures = raw.parent / "elsewhere", raw / "a class"
    elsewhere.mkdir()
    pictures.mkdir()
    (elsewhere / "secret.png").write_bytes(file_of(np.ones((32, 32, 3), np.uint8)))
    (pictures / "good.png").write_bytes(file_of(np.zeros((32, 32, 3), np.uint8)))
    os.symlink(elsewhere, raw / "elsewhere")
    os.symlink(elsewhere / "secret.png", pictures / "file.png")
    os.symlink(raw / "none", pictures / "nothing.png")
    os.symlink(pictures / "circle.png", pictures / "circle.png")
    os.symlink(raw, pictures / "loop")

    def read() -> Reaction:
        images, unreadable = everything(read_folder(raw, folder_encoding()))
        assert len(images["train"].labels) == 1
        assert unreadable == [
            ("a class/circle.png", "a link to nothing"),
            ("a class/file.png", "a link that leads out of the folder"),
            ("a class/loop", "not a file"),
            ("a class/nothing.png", "a link to nothing"),
            ("elsewhere", "a link that leads out of the folder"),
        ]
        return Reaction.SKIPPED

    return read


def large_midi(raw: Path) -> Reader:
    """A MIDI member of a gigabyte of zeros."""
    path = raw / "maestro.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("m/m.csv", "midi_filename,split\nbomb.mid,train\n../../out.mid,train\n")
        with archive.open("m/bomb.mid", "w") as member:
            for _ in range(64):
                member.write(bytes(1 << 24))

    def read() -> Reaction:
        outcomes = read_performances(find_midi(raw, PerformanceReader.MAESTRO), 1, 3600.0)
        assert outcomes["bomb"].reason == "larger than 16777216 bytes"
        assert isinstance(outcomes["../../out"], Skipped)
        return Reaction.SKIPPED

    return read


def odd_members(raw: Path) -> Reader:
    """Members with an unknown compression, encrypted, and with a broken stream, beside a good one.

    Sets bytes of the members' headers, at the offsets of zip's specification.
    """
    spoiled = {"method.mid": (8, 10, 97), "encrypted.mid": (6, 8, 1), "deflate.mid": (8, 10, 8)}
    path, good = raw / "maestro.zip", midi(SCALE)
    with zipfile.ZipFile(path, "w") as archive:
        names = ["good.mid", *spoiled]
        rows = [f"{name},train\n" for name in names]
        archive.writestr("m/m.csv", "midi_filename,split\n" + "".join(rows))
        for name in names:
            archive.writestr(f"m/{name}", good if name == "good.mid" else b"\xff" * 99)
        offsets = {name: archive.getinfo(f"m/{name}").header_offset for name in names}
    content = bytearray(path.read_bytes())
    for name, (here, listed, value) in spoiled.items():
        content[offsets[name] + here] = value
        entry = content.rindex(f"m/{name}".encode()) - 46  # the name follows 46 bytes of its entry
        content[entry + listed] = value
    path.write_bytes(content)

    def read() -> Reaction:
        outcomes = read_performances(find_midi(raw, PerformanceReader.MAESTRO), 1, 3600.0)
        skipped = [name for name, outcome in outcomes.items() if isinstance(outcome, Skipped)]
        assert skipped == ["deflate", "encrypted", "method"] and "good" in outcomes
        return Reaction.SKIPPED

    return read


def _maestro(raw: Path, write: Callable[[BinaryIO], object]) -> Reader:
    """MAESTRO's archive with a table that `write` writes."""
    path = raw / "maestro.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out,
        out.open("m/m.csv", "w") as member,
    ):
        write(member)

    def read() -> Reaction:
        find_midi(raw, PerformanceReader.MAESTRO)
        return Reaction.READ

    return read


def table_bomb(raw: Path) -> Reader:
    """A table of almost a gigabyte."""

    def write(member: BinaryIO) -> None:
        member.write(b"midi_filename,split\n")
        for _ in range(64):
            member.write(b"a.mid,train\n" * (1 << 20))

    return _maestro(raw, write)


def long_field(raw: Path) -> Reader:
    """A table with a field that is longer than Python's csv reader allows."""
    return _maestro(raw, lambda member: member.write(b"midi_filename,split\n" + b"a" * (1 << 18)))


def chorale_bomb(raw: Path) -> Reader:
    """A pickle of a gigabyte, packed into a megabyte: unpacked and loaded it needs two."""
    path = raw / "jsb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out,
        out.open("train.npy", "w") as member,
    ):
        member.write(npy(pickle.BINBYTES + (1 << 30).to_bytes(4, "little")))
        for _ in range(64):
            member.write(bytes(1 << 24))

    def read() -> Reaction:
        list(read_pieces(raw, ChoraleReader.JSB_CHORALES))
        return Reaction.READ

    return read


CASES: dict[str, Callable[[Path], Reader]] = {
    case.__name__: case
    for case in (
        long_lines,
        control_characters,
        directions,
        invalid_utf8,
        nested_json,
        half_characters,
        message_bomb,
        climbing_members,
        score_bomb,
        digits_bomb,
        picture_bomb,
        large_picture,
        links,
        large_midi,
        odd_members,
        table_bomb,
        long_field,
        chorale_bomb,
    )
}


def alone(name: str, folder: Path) -> dict[str, str | float]:
    """Try a case in a process of its own: the reaction, the error, seconds, MiB of memory."""
    command = [sys.executable, "-m", "faults.hostile", name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        reaction = Reaction.KILLED if done.returncode < 0 else Reaction.TRACEBACK
        return {"taken": reaction, "line": done.stderr[-300:]}
    found = json.loads(done.stdout.splitlines()[-1])
    return found | {"line": found["line"].replace(str(folder), "FOLDER")}


def is_well(found: dict[str, str | float]) -> bool:
    """Whether a file was read, skipped or refused, with less than 2 GiB."""
    handled = found["taken"] in (Reaction.READ, Reaction.SKIPPED, Reaction.REFUSED)
    return handled and found["MiB"] < 2 << 10


def _try(name: str, folder: Path) -> None:
    import resource
    import time

    from faults.damage import SECONDS, limit, reaction_of
    from pipeline.memory import peak_memory

    raw = folder / "raw"
    raw.mkdir(parents=True)
    read = CASES[name](raw)
    # Stops a reader that allocates far too much before the machine runs out of memory.
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    limit(SECONDS)
    began = time.monotonic()
    reaction, line = reaction_of(read)
    seconds = round(time.monotonic() - began, 1)
    found = {"taken": reaction, "line": line, "seconds": seconds, "MiB": peak_memory() >> 20}
    print(json.dumps(found))


def main() -> None:
    """Try each case alone; print, record, and fail if one was not handled."""
    found = {}
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = alone(name, Path(folder))
        print(name, found[name])
    record("hostile files", "python -m faults.hostile", found)
    if wrong := [name for name, case in found.items() if not is_well(case)]:
        sys.exit(f"error: not handled, or with more than 2 GiB: {', '.join(wrong)}")


if __name__ == "__main__":
    if sys.argv[1:]:
        _try(sys.argv[1], Path(sys.argv[2]))
    else:
        main()

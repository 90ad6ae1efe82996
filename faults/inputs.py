"""Broken input for each reader of raw data and for the commands: python -m faults.inputs.

A broken record has to be skipped with a reason, and the good ones beside it kept; broken archives,
texts, folders and streams have to be refused in one line. Any may also be read, if what is left of
it is valid. Fails if there is a traceback, if a record, a line or a note is lost without a count,
if one takes more than 20 seconds, or if memory exceeds 2 GiB.
"""

import csv
import io
import json
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from faults import molecules
from faults.commands import COMMANDS
from faults.damage import Killed, Reaction, Worker, reaction_of
from faults.kinds import GOOD, LOST, Found, Records, Whole, named
from faults.layouts import LAYOUTS
from faults.performances import altered_files, midi_files, performance, read_midi_files
from faults.pictures import odd_pictures, pictures, read_pictures
from faults.rows import record
from faults.texts import TEXTS
from pipeline.encoding.records import read_or_skip
from pipeline.memory import peak_memory
from pipeline.tasks.image.encoding.digits import read_digits
from pipeline.tasks.image.encoding.parquet import read_parquet
from pipeline.tasks.image.encoding.photographs import read_photographs
from pipeline.tasks.music.encoding.midi_files import find_midi
from pipeline.tasks.music.encoding.midi_reader import DEADLY
from pipeline.tasks.music.encoding.read import read_pieces
from pipeline.tasks.music.settings import ChoraleReader, PerformanceReader
from pipeline.tasks.translation.encoding.read import (
    HomeAssistant,
    ParallelColumns,
    TranslationColumn,
)
from tests.encoding.apart import apart
from tests.tasks.image.digits import rows_of_digits
from tests.tasks.image.digits import write_wheel as write_digits
from tests.tasks.image.pictures import (
    everything,
    file_of,
    noise,
    parquet_encoding,
    photographs_encoding,
)
from tests.tasks.music import test_jsb as jsb
from tests.tasks.music.scores import VOICES, measures, mxl, note, score, wheel

SEED = 1
_HOUR = 3600.0
MAX_MEMORY = 2 << 30  # bytes of the largest process


# ------------------------------------------------------------------- records among good records


def messages(raw: Path, random: Random, broken: int) -> None:
    """Message catalogues in a wheel."""

    def catalogue() -> bytes:
        texts = {
            f"key {i}": "".join(chr(random.randint(32, 600)) for _ in range(30)) for i in (1, 2)
        }
        return json.dumps({"state": texts}, ensure_ascii=False).encode()

    with zipfile.ZipFile(raw / "home-1.0-py3-none-any.whl", "w") as archive:
        for name, content in named(broken, random, catalogue):
            archive.writestr(f"h/{name}/translations/en.json", content)
            archive.writestr(f"h/{name}/translations/de.json", content)


def _read_messages(raw: Path) -> Found:
    return _text_records(HomeAssistant(raw, "en", "de"))


def _text_records(text: HomeAssistant | ParallelColumns) -> Found:
    found: Found = {}
    for group in text.groups:
        read, skipped = apart(text.records(group))
        found |= {record.cluster: None for record in read} | dict(skipped)
    return {name.rpartition("/")[2]: why for name, why in found.items()}


def scores(raw: Path, random: Random, broken: int) -> None:
    """Compressed MusicXML in a wheel."""

    def chorale() -> bytes:
        bars = ["".join(note(random.choice(("C4", "G4", "A3")), 4) for _ in range(4))] * 2
        return mxl(score(dict.fromkeys(VOICES, measures(*bars))))

    works = named(broken, random, chorale)
    wheel(raw, {f"bwv_{name}.mxl": content for name, content in works})


def _read_scores(raw: Path) -> Found:
    pieces, skipped = apart(read_pieces(raw, ChoraleReader.MUSIC21_CHORALES))
    found = {piece.name: None for piece in pieces} | dict(skipped)
    return {name.removeprefix("bwv_"): why for name, why in found.items()}


RECORDS = {
    "MIDI files": Records(midi_files, read_midi_files),
    "MIDI messages": Records(altered_files, read_midi_files),
    "images": Records(pictures, read_pictures),
    "images of other programs": Records(odd_pictures, read_pictures),
    "texts": Records(messages, _read_messages),
    "scores": Records(scores, _read_scores),
    "molecules": Records(molecules.molecules, molecules.read_molecules),
}


def try_records(kind: str, broken: int, worker: Worker) -> tuple[Counter[Reaction], list[str]]:
    """The reactions to the broken records of a kind, and what was wrong.

    The time limit of one record holds for all of them.
    """
    write, read = RECORDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), Random(SEED), broken)
        try:
            found = worker.call(read, Path(folder))
        except Killed as killed:
            return Counter({Reaction.KILLED: 1}), [f"{kind}: {killed}"]
    counts = Counter(_reaction(why) for why in found.values())
    counts[Reaction.READ] -= GOOD
    wrong = [name for name, why in found.items() if why is not None and "\n" in why]
    wrong += [f"{name}: {why}" for name, why in found.items() if why in (DEADLY, LOST)]
    wrong += [f"good_{number}" for number in range(GOOD) if found.get(f"good_{number}", "lost")]
    if len(found) != GOOD + broken:
        wrong.append(f"{GOOD + broken - len(found)} records vanished")
    return counts, wrong


def _reaction(why: str | None) -> Reaction:
    """The MIDI reader has workers of its own, and skips a file that kills one."""
    if why == DEADLY:
        return Reaction.KILLED
    return Reaction.READ if why is None else Reaction.SKIPPED


# ------------------------------------------------------------------------------ whole archives


def _text_table(raw: Path) -> Path:
    for split in ("train", "validation", "test"):
        rows = {
            "en": [f"a text {i}" for i in range(50)],
            "de": [f"ein Text {i}" for i in range(50)],
        }
        pq.write_table(pa.table(rows), raw / f"{split}.parquet")
    return raw / "train.parquet"


def _struct_table(raw: Path) -> Path:
    for split in ("train", "validation", "test"):
        rows = [{"en": f"a text {i}", "de": f"ein Text {i}"} for i in range(50)]
        pq.write_table(pa.table({"translation": rows}), raw / f"{split}.parquet")
    return raw / "train.parquet"


def _picture_table(raw: Path) -> Path:
    rows = {"image": [file_of(noise(seed=i)) for i in range(4)], "label": [0, 1, 0, 1]}
    pq.write_table(pa.table(rows), raw / "train.parquet")
    return raw / "train.parquet"


def _messages(raw: Path) -> Path:
    path = raw / "home-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for language in ("en", "de"):
            archive.writestr(f"h/a/translations/{language}.json", json.dumps({"a": "b" * 300}))
    return path


def _digits(raw: Path) -> Path:
    return write_digits(raw, rows_of_digits(20))


def _photographs(raw: Path) -> Path:
    path = raw / "scikit_image-0.wheel.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("skimage/data/cat.png", file_of(noise(128, 128)))
    return path


def _chorales(raw: Path) -> Path:
    content = mxl(score(dict.fromkeys(VOICES, measures(note("C4", 16)))))
    return wheel(raw, {"bwv_1.mxl": content})


def _jsb(raw: Path) -> Path:
    grid = np.full((8, 4), 60.0)
    content = jsb.npy(jsb.pickled(jsb.objects([grid, grid + 1])))
    jsb.archive(raw, dict.fromkeys(("train", "valid", "test"), content))
    return raw / "jsb.npz"


def _maestro(raw: Path) -> Path:
    text = io.StringIO()
    table = csv.DictWriter(text, ("midi_filename", "split"))
    table.writeheader()
    table.writerow({"midi_filename": "2004/a.midi", "split": "train"})
    with zipfile.ZipFile(raw / "maestro.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("maestro/maestro.csv", text.getvalue())
        archive.writestr("maestro/2004/a.midi", performance(Random(1)))
    return raw / "maestro.zip"


def _miditok(raw: Path) -> Path:
    content = performance(Random(1))
    with tarfile.open(raw / "miditok.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("m/tests/MIDIs_one_track/Maestro_1.mid")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return raw / "miditok.tar.gz"


def _performances(reader: PerformanceReader) -> Callable[[Path], object]:
    """Reads the files in this process: starting workers would take a second."""

    def read(raw: Path) -> None:
        from pipeline.tasks.music.encoding.midi_reader import _performance

        for file in find_midi(raw, reader):
            read_or_skip(file.name, _performance, file, _HOUR)

    return read


ARCHIVES = {
    "texts, wheel": Whole(_messages, lambda raw: _text_records(HomeAssistant(raw, "en", "de"))),
    "texts, parquet": Whole(
        _text_table, lambda raw: _text_records(ParallelColumns(raw, "en", "de"))
    ),
    "texts, nested parquet": Whole(
        _struct_table,
        lambda raw: _text_records(TranslationColumn(raw, "en", "de")),
    ),
    "images, wheel of digits": Whole(_digits, lambda raw: everything(read_digits(raw))),
    "images, wheel of photographs": Whole(
        _photographs,
        lambda raw: everything(read_photographs(raw, photographs_encoding(["cat.png"]))),
    ),
    "images, parquet": Whole(
        _picture_table,
        lambda raw: everything(read_parquet(raw, parquet_encoding())),
    ),
    "chorales, wheel": Whole(
        _chorales,
        lambda raw: list(read_pieces(raw, ChoraleReader.MUSIC21_CHORALES)),
    ),
    "chorales, npz": Whole(_jsb, lambda raw: list(read_pieces(raw, ChoraleReader.JSB_CHORALES))),
    "performances, zip": Whole(_maestro, _performances(PerformanceReader.MAESTRO)),
    "performances, tar.gz": Whole(_miditok, _performances(PerformanceReader.MIDITOK_MAESTRO)),
    "molecules, tar.gz": molecules.ARCHIVE,
    **TEXTS,
}


def try_whole(kind: str, broken: int, worker: Worker) -> tuple[Counter[Reaction], list[str]]:
    """The reactions to broken inputs of a kind, and what was wrong."""
    write, _, mutate = _whole(kind)
    random = Random(SEED)
    counts, wrong = Counter(), []
    for number in range(broken):
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder))
            path.write_bytes(mutate(path.read_bytes(), random))
            try:
                reaction, line = worker.call(_read_whole, kind, Path(folder))
            except Killed as killed:
                reaction, line = Reaction.KILLED, str(killed)
        counts[reaction] += 1
        if reaction in (Reaction.TRACEBACK, Reaction.KILLED):
            wrong.append(f"{kind} {number}: {reaction}: {line}")
    return counts, wrong


def _whole(kind: str) -> Whole:
    return {**ARCHIVES, **LAYOUTS, **COMMANDS}[kind]


def _read_whole(kind: str, raw: Path) -> tuple[Reaction, str]:
    read = _whole(kind).read

    def attempt() -> Reaction:
        read(raw)
        return Reaction.READ

    return reaction_of(attempt)


def main() -> None:
    """Try all; print and record the reactions, and fail if something was wrong."""
    counts, wrong = {}, {}
    with Worker() as worker:
        for kind in RECORDS:
            counts[kind], wrong[kind] = try_records(kind, 500, worker)
        for kind in ARCHIVES:
            counts[kind], wrong[kind] = try_whole(kind, 200, worker)
        for kind in LAYOUTS | COMMANDS:
            counts[kind], wrong[kind] = try_whole(kind, 100, worker)
    memory = peak_memory()
    for kind, of_kind in counts.items():
        shown = (f"{of_kind[reaction]} {reaction}" for reaction in Reaction if of_kind[reaction])
        print(f"{kind}: {', '.join(shown)}")
    numbers = {
        "taken": {kind: dict(of_kind) for kind, of_kind in counts.items()},
        "wrong": {kind: len(lines) for kind, lines in wrong.items() if lines},
        "GiB of memory": round(memory / 2**30, 2),
        "seed": SEED,
    }
    record("inputs", "python -m faults.inputs", numbers)
    flaws = [line for lines in wrong.values() for line in lines]
    if memory > MAX_MEMORY:
        flaws.append(f"{memory} bytes of memory, more than {MAX_MEMORY}")
    if flaws:
        sys.exit("\n".join(flaws))


if __name__ == "__main__":
    main()

"""The MIDI files of a data set of performances: in an archive or in a folder."""

import csv
import io
import os
import re
import tarfile
import zipfile
from pathlib import Path

from pipeline.corpus import SPLITS
from pipeline.encoding.archives import DAMAGED, damaged, only_archive, read_member
from pipeline.encoding.folders import visible_below
from pipeline.encoding.records import RecordError
from pipeline.errors import DataError
from pipeline.tasks.music.encoding.midi_reader import MidiFile
from pipeline.tasks.music.settings import PerformanceReader

_SUFFIXES = (".mid", ".midi", ".smf", ".kar", ".rmi")  # with lyrics, and in a RIFF file
_MIDITOK_MAESTRO = re.compile(r"[^/]+/tests/MIDIs_one_track/(Maestro_\d+)\.mid")
_MAX_TABLE_BYTES = 1 << 22  # that of MAESTRO 3.0.0 has 0.3 MB; more is a zip bomb


def find_midi(raw: Path, reader: PerformanceReader) -> list[MidiFile]:
    """Return the files under `raw`, sorted by name.

    Raises DataError if an archive is missing, damaged, or another one, or there is no file.
    """
    match reader:
        case PerformanceReader.MAESTRO:
            found = _maestro(only_archive(raw, "*.zip"))
        case PerformanceReader.MIDITOK_MAESTRO:
            found = _miditok(only_archive(raw, "*.tar.gz"))
        case PerformanceReader.MIDI_FOLDER:
            found = _folder(raw)
    if not found:
        raise DataError(f"{raw}: no MIDI file in it; check the source of the data set")
    return sorted(found, key=lambda file: file.name)


def _maestro(path: Path) -> list[MidiFile]:
    """Return the performances that the archive's csv lists, with their split."""
    try:
        with zipfile.ZipFile(path) as archive:
            tables = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(tables) != 1:
                raise DataError(f"{path}: expected one csv, found {len(tables)}; is it MAESTRO?")
            table = read_member(archive, tables[0], _MAX_TABLE_BYTES).decode("utf-8")
        rows = csv.DictReader(io.StringIO(table))
        return [_listed(path, tables[0], row) for row in rows]
    except (*DAMAGED, csv.Error, RecordError) as error:
        raise damaged(path, error) from None


def _listed(path: Path, table: str, row: dict[str, str]) -> MidiFile:
    """Return the performance that a row of the csv names."""
    name, split = row.get("midi_filename"), row.get("split")
    if not name or split not in SPLITS:
        raise DataError(
            f"{path}: {table}: a row has midi_filename = {name!r} and split = {split!r}; "
            f"expected a name, and one of {', '.join(SPLITS)}"
        )
    folder = table.rpartition("/")[0]
    member = f"{folder}/{name}" if folder else name
    return MidiFile(name.rpartition(".")[0], path, member, split)


def _miditok(path: Path) -> list[MidiFile]:
    """Return the performances only: the rights to other files there are unclear."""
    try:
        with tarfile.open(path) as archive:
            names = [member.name for member in archive if member.isfile()]
    except DAMAGED as error:
        raise damaged(path, error) from None
    matches = [match for name in names if (match := _MIDITOK_MAESTRO.fullmatch(name))]
    return [MidiFile(match[1], path, match[0], None) for match in matches]


def midi_below(folder: Path) -> list[Path]:
    """Return the MIDI files in a folder and its sub-folders, but hidden ones."""
    return [path for path in visible_below(folder) if path.suffix.casefold() in _SUFFIXES]


def _folder(raw: Path) -> list[MidiFile]:
    return [
        MidiFile(_readable(path.relative_to(raw)), path, None, None) for path in midi_below(raw)
    ]


def _readable(name: Path) -> str:
    """Return a name as text, bytes that are not UTF-8 as escapes."""
    return os.fsencode(name.as_posix()).decode("utf-8", "backslashreplace")

"""Where the MIDI files of a data set of performances lie."""

import csv
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from pipeline.corpus import SPLITS
from pipeline.errors import DataError
from pipeline.tasks.music.encoding.midi_reader import MidiFile
from pipeline.tasks.music.settings import PerformanceReader

_MIDITOK_MAESTRO = re.compile(r"[^/]+/tests/MIDIs_one_track/(Maestro_\d+)\.mid")
_MAX_TABLE_BYTES = 1 << 22  # that of MAESTRO 3.0.0 has 0.3 MB; more is a zip bomb
_DAMAGED = (
    *(OSError, EOFError, ValueError, RuntimeError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, csv.Error),
)


def find_midi(raw: Path, reader: PerformanceReader) -> list[MidiFile]:
    """The files under `raw`, sorted by name.

    Raises DataError if an archive is missing, damaged, or another one, or there is no file.
    """
    match reader:
        case PerformanceReader.MAESTRO:
            found = _maestro(_only(raw, "*.zip"))
        case PerformanceReader.MIDITOK_MAESTRO:
            found = _miditok(_only(raw, "*.tar.gz"))
        case PerformanceReader.MIDI_FOLDER:
            found = _folder(raw)
    if not found:
        raise DataError(f"{raw}: no MIDI file in it; check the source of the data set")
    return sorted(found, key=lambda file: file.name)


def _maestro(path: Path) -> list[MidiFile]:
    """The performances that the archive's csv lists, with their split."""
    try:
        with zipfile.ZipFile(path) as archive:
            tables = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(tables) != 1:
                raise DataError(f"{path}: expected one csv, found {len(tables)}; is it MAESTRO?")
            rows = csv.DictReader(io.StringIO(_text(archive, tables[0])))
        return [_listed(path, tables[0], row) for row in rows]
    except _DAMAGED as error:
        raise _unreadable(path, error) from None


def _text(archive: zipfile.ZipFile, table: str) -> str:
    """A csv, read with a limit, whatever size its header claims."""
    with archive.open(table) as file:
        content = file.read(_MAX_TABLE_BYTES + 1)
    if len(content) > _MAX_TABLE_BYTES:
        raise ValueError(f"{table} is larger than {_MAX_TABLE_BYTES} bytes")
    return content.decode("utf-8")


def _listed(path: Path, table: str, row: dict[str, str]) -> MidiFile:
    """The performance that a row of the csv names."""
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
    """The performances alone: other files there are of unclear rights."""
    try:
        with tarfile.open(path) as archive:
            names = [member.name for member in archive if member.isfile()]
    except _DAMAGED as error:
        raise _unreadable(path, error) from None
    matches = [match for name in names if (match := _MIDITOK_MAESTRO.fullmatch(name))]
    return [MidiFile(match[1], path, match[0], None) for match in matches]


def _folder(raw: Path) -> list[MidiFile]:
    paths = [path for path in raw.rglob("*") if path.suffix.casefold() in (".mid", ".midi")]
    return [MidiFile(path.relative_to(raw).as_posix(), path, None, None) for path in paths]


def _only(raw: Path, pattern: str) -> Path:
    found: Sequence[Path] = sorted(raw.glob(pattern))
    if len(found) != 1:
        raise DataError(
            f"{raw}: expected one {pattern} archive, found {len(found)}; run the download stage"
        )
    return found[0]


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: cannot be read ({error}); delete it and download again")

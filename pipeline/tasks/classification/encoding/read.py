"""Raw texts as pages, each in a folder that may be a class."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.encoding.archives import only_archive
from pipeline.encoding.folders import visible_below
from pipeline.encoding.libreoffice_help import read_help
from pipeline.encoding.records import RecordError, Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.classification.settings import ClassificationReader

SUFFIX = ".txt"
_MAX_FILE_BYTES = 1 << 24


class Page(NamedTuple):
    """Paragraphs that belong together, and the folder that they are in."""

    name: str
    folder: str
    paragraphs: list[str]


def read(raw: Path, reader: ClassificationReader) -> Iterator[Page | Skipped]:
    """Yield the pages of a data set, sorted by name, or why one cannot be used.

    Raises DataError if a package is missing or damaged, or there is no text.
    """
    match reader:
        case ClassificationReader.LIBREOFFICE_HELP:
            return _help(only_archive(raw, "libreoffice-help-*.deb"))
        case ClassificationReader.TEXT_FOLDERS:
            return _folders(raw)


def _help(package: Path) -> Iterator[Page | Skipped]:
    """Yield the pages of LibreOffice's help; the folder is the program that a page is about."""
    for name, page in sorted(read_help(package).items()):
        if isinstance(page, Skipped):
            yield page
        else:
            yield Page(name, name.partition("/")[0], list(page.values()))


def _folders(raw: Path) -> Iterator[Page | Skipped]:
    """Yield the files of text; paragraphs are apart by empty lines."""
    paths = [path for path in visible_below(raw) if path.suffix.lower() == SUFFIX]
    if not paths:
        raise DataError(f"{raw}: no {SUFFIX} file in it; check the source of the data set")
    for path in paths:
        relative = path.relative_to(raw)
        folder = relative.parts[0] if len(relative.parts) > 1 else ""
        text = read_or_skip(str(relative), _text, path)
        if isinstance(text, Skipped):
            yield text
        else:
            yield Page(str(relative), folder, text.split("\n\n"))


def _text(path: Path) -> str:
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise RecordError(f"larger than {_MAX_FILE_BYTES >> 20} MiB")
    try:
        return path.read_text(encoding="utf-8-sig")  # with any line ends
    except UnicodeDecodeError as error:
        raise RecordError(f"not valid UTF-8 ({error})") from None

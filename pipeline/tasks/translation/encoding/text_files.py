"""Parallel text as plain files: two, a line for a line, or a table with a tab between the sides."""

import codecs
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pipeline.encoding.records import RecordError
from pipeline.errors import DataError

_LANGUAGE = "[a-z]{2}(?:[-_][A-Za-z]{2,4})?"
_TABLE = re.compile(rf"(?:.*[._])?({_LANGUAGE})-({_LANGUAGE})\.tsv")
_TEXT = re.compile(rf"(?:(.+)\.)?({_LANGUAGE})(?:\.txt)?")
_FOREIGN_MARKS = {  # that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
BLOCK = 50  # lines that are in one split, as they may be of one text


def find_languages(folder: Path) -> tuple[tuple[str, ...], Sequence[Path]] | None:
    """Return the languages that the names of files say, and the files: one table or two texts.

    Names are <name>.<language>, as corpus.en and corpus.de, <language>.txt, or one
    <language>-<language>.tsv, whose first column is the source. None if there is not exactly one
    such text.
    """
    found = []
    texts = defaultdict(list)  # languages and files by name
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        if match := _TABLE.fullmatch(path.name):
            found.append(((match[1], match[2]), (path,)))
        elif match := _TEXT.fullmatch(path.name):
            texts[match[1]].append((match[2], path))
    found += [tuple(zip(*sides, strict=True)) for sides in texts.values() if len(sides) == 2]
    return found[0] if len(found) == 1 else None


class AlignedLines:
    """The lines of a table, or of two texts side by side, in blocks of BLOCK that follow on.

    In memory are 8 bytes for each block and file.
    """

    def __init__(self, folder: Path, source_language: str, target_language: str) -> None:
        wanted = (source_language, target_language)
        languages, paths = find_languages(folder) or ((), ())
        if languages != wanted and len(paths) == 2:
            languages, paths = languages[::-1], paths[::-1]
        if languages != wanted:
            raise DataError(
                f"{folder}: neither two texts <name>.{source_language} and "
                f"<name>.{target_language} nor one {source_language}-{target_language}.tsv; name "
                "the files so, and no others, in the folder that source.path names"
            )
        self._paths = paths
        counts, self._starts = zip(*map(_blocks, self._paths), strict=True)
        if len({*counts}) > 1:
            sizes = " and ".join(
                f"{path.name} has {count:,} lines"
                for path, count in zip(self._paths, counts, strict=True)
            )
            raise DataError(f"{folder}: {sizes}; line by line they have to be translations")
        self.blocks = len(self._starts[0])

    def block(self, index: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the number of each line of a block, from 1 on, and its sides."""
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("rb")) for path in self._paths]
            for file, starts in zip(files, self._starts, strict=True):
                file.seek(starts[index])
            lines = islice(zip(*files, strict=False), BLOCK)
            for number, sides in enumerate(lines, index * BLOCK + 1):
                yield number, list(sides) if len(sides) > 1 else sides[0].split(b"\t")[:2]


def _blocks(path: Path) -> tuple[int, list[int]]:
    """Return the number of lines of a file, and where each block begins."""
    count, starts = 0, []
    with path.open("rb") as file:
        _skip_mark(file, path)
        while block := list(islice(iter(file.readline, b""), BLOCK)):
            starts.append(file.tell() - sum(map(len, block)))
            count += len(block)
    return count, starts


def _skip_mark(file: BinaryIO, path: Path) -> None:
    """Skip the byte order mark of UTF-8; DataError for that of another encoding."""
    start = file.read(max(map(len, _FOREIGN_MARKS)))
    for mark, name in _FOREIGN_MARKS.items():
        if start.startswith(mark):
            raise DataError(f"{path}: {name}; convert it: iconv -f {name} -t UTF-8")
    file.seek(len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0)


def text_of(side: bytes) -> str:
    """Decode a side of a line; RecordError if it is not UTF-8."""
    try:
        return side.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"not valid UTF-8 ({error})") from None

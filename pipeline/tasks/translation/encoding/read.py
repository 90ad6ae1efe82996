"""Raw parallel text as groups of sentence pairs; a group is in one split as a whole."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.corpus import SPLITS, is_test
from pipeline.encoding.archives import DAMAGED, damaged, only_archive, read_member
from pipeline.encoding.libreoffice_help import read_help
from pipeline.encoding.parquet import read_rows
from pipeline.encoding.records import RecordError, Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.translation.encoding.sentences import sentence_pairs
from pipeline.tasks.translation.encoding.text_files import AlignedLines, text_of
from pipeline.tasks.translation.settings import TranslationEncoding, TranslationReader

_BATCH_ROWS = 10_000
_SHOWN = 100  # characters of a value in a message
_MAX_MEMBER_BYTES = 1 << 24  # the largest catalogue or page has 0.5 MB; more is a bomb


class Pair(NamedTuple):
    """A sentence and its translation."""

    source: str
    target: str


class Record(NamedTuple):
    """What can be unreadable on its own; records of one cluster are not independent."""

    cluster: str
    pairs: list[Pair]


class ParallelText(Protocol):
    """Records of sentence pairs by group."""

    groups: list[str]

    def records(self, group: str) -> Iterator[Record | Skipped]:
        """Yield the records of `group`."""
        ...


def open_text(raw: Path, encoding: TranslationEncoding) -> ParallelText:
    """Open the raw data in the layout that `encoding.reader` names; DataError if it is damaged."""
    reader = {
        TranslationReader.HOME_ASSISTANT: HomeAssistant,
        TranslationReader.LIBREOFFICE_HELP: LibreOfficeHelp,
        TranslationReader.PARALLEL_COLUMNS: ParallelColumns,
        TranslationReader.TRANSLATION_COLUMN: TranslationColumn,
        TranslationReader.TEXT_FILES: TextFiles,
    }[encoding.reader]
    return reader(raw, encoding.source_language, encoding.target_language)


class HomeAssistant:
    """A wheel with `<integration>/translations/<language>.json`: nested keys to messages.

    A group, a record and a cluster are an integration; messages with the same path of keys are a
    pair.
    """

    def __init__(self, raw: Path, source_language: str, target_language: str) -> None:
        self._path = only_archive(raw, "*.whl")
        try:
            self._archive = zipfile.ZipFile(self._path)
        except DAMAGED as error:
            raise damaged(self._path, error) from None
        self._languages = (source_language, target_language)
        first, second = (self._folders_with(f"{name}.json") for name in self._languages)
        self.groups = sorted(first & second)
        if not self.groups:
            raise DataError(
                f"{self._path}: no folder */translations holds both {source_language}.json and "
                f"{target_language}.json; check encoding.source_language and target_language"
            )

    def records(self, group: str) -> Iterator[Record | Skipped]:
        """Yield the one record of the integration `group`."""
        yield read_or_skip(group, self._record, group)

    def _record(self, group: str) -> Record:
        try:
            source, target = (dict(self._messages(group, name)) for name in self._languages)
        except RecursionError:
            raise RecordError("tables nested too deeply") from None
        return Record(
            group, [Pair(source[path], target[path]) for path in source if path in target]
        )

    def _folders_with(self, name: str) -> set[str]:
        ending = f"/translations/{name}"
        return {m.removesuffix(ending) for m in self._archive.namelist() if m.endswith(ending)}

    def _messages(self, group: str, language: str) -> Iterator[tuple[tuple[str, ...], str]]:
        member = f"{group}/translations/{language}.json"
        try:
            content = read_member(self._archive, member, _MAX_MEMBER_BYTES)
        except DAMAGED as error:
            raise damaged(self._path, error) from None
        try:
            return _leaves(json.loads(content), (f"{language}.json",))
        except ValueError as error:  # not UTF-8 or not JSON
            raise RecordError(f"{language}.json is not valid JSON ({error})") from None


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each message below `value` and its path of keys, without the name of the file."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, (*path, key))
    elif isinstance(value, str):
        if not _is_text(value):
            raise RecordError(f"{_at(path)} is {_cut(repr(value))}, with half a character")
        yield path[1:], value
    else:
        raise RecordError(f"{_at(path)} is {_cut(repr(value))}, neither a text nor a table")


def _at(path: tuple[str, ...]) -> str:
    return _cut(" / ".join(path))


def _cut(text: str) -> str:
    """Shorten text of the data for a message, which is one line whatever the data hold."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _is_text(value: str) -> bool:
    """JSON may name half of a UTF-16 pair, which no file in UTF-8 can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class LibreOfficeHelp:
    """A Debian package libreoffice-help-<language>... per language, with the same pages of HTML.

    A group, a record and a cluster are a page; its name begins with the program that it is about,
    as in swriter/guide/footer_pagenumber. Paragraphs with the same id are pairs, cut into sentences
    where both have equally many. In memory is the text of all pages.
    """

    def __init__(self, raw: Path, source_language: str, target_language: str) -> None:
        languages = (source_language, target_language)
        self._sides = [
            read_help(only_archive(raw, f"libreoffice-help-{language}[-_]*.deb"))
            for language in languages  # which a package names in full: en-us
        ]
        first, second = self._sides
        self.groups = sorted(first.keys() & second.keys())
        if not self.groups:
            raise DataError(
                f"{raw}: no page of help is in both {' and '.join(languages)}; run the download "
                "stage again, or correct encoding.source_language and target_language"
            )

    def records(self, group: str) -> Iterator[Record | Skipped]:
        """Yield the one record of the page `group`."""
        source, target = (side[group] for side in self._sides)
        for side in (source, target):
            if isinstance(side, Skipped):
                yield side
                return
        pairs = (sentence_pairs(source[key], target[key]) for key in source if key in target)
        yield Record(group, [Pair(*texts) for cut in pairs for texts in cut])


class ParallelColumns:
    """`<split>.parquet` with a text column per language: a group is a split, a record is a row.

    Rows count as independent: nothing says which of them come from one text.
    """

    _column = "{}"  # of a language

    def __init__(self, raw: Path, source_language: str, target_language: str) -> None:
        self._raw = raw
        self._columns = [self._column.format(name) for name in (source_language, target_language)]
        found = sorted(path.stem for path in raw.glob("*.parquet"))
        if missing := ", ".join(f"{split}.parquet" for split in SPLITS if split not in found):
            raise DataError(f"{raw}: {missing} is missing; check source.splits, run download again")
        further = (split for split in found if is_test(split) and split not in SPLITS)
        self.groups = [*SPLITS, *further]

    def records(self, group: str) -> Iterator[Record | Skipped]:
        """Yield the rows of the split `group` in their order, read batch by batch."""
        parameters = "encoding.source_language and encoding.target_language"
        rows = read_rows(self._raw / f"{group}.parquet", self._columns, _BATCH_ROWS, parameters)
        for number, texts in enumerate(rows):
            yield read_or_skip(f"{group} row {number}", self._record, number, texts)

    def _record(self, number: int, texts: tuple[Any, ...]) -> Record:
        for name, text in zip(self._columns, texts, strict=True):
            if not isinstance(text, str):
                raise RecordError(f"column {name} is {_cut(repr(text))}, not a text")
        return Record(str(number), [Pair(*texts)])


class TranslationColumn(ParallelColumns):
    """`<split>.parquet` with a column `translation` in which each language has a field."""

    _column = "translation.{}"


class TextFiles:
    """Two plain texts, a line for a line, or a table: a group and a cluster are lines in a row."""

    def __init__(self, raw: Path, source_language: str, target_language: str) -> None:
        self._lines = AlignedLines(raw, source_language, target_language)
        self.groups = [str(index) for index in range(self._lines.blocks)]

    def records(self, group: str) -> Iterator[Record | Skipped]:
        """Yield the lines of a block in their order."""
        for number, sides in self._lines.block(int(group)):
            yield read_or_skip(f"line {number}", self._record, group, sides)

    def _record(self, group: str, sides: list[bytes]) -> Record:
        if len(sides) == 1:
            raise RecordError("no tab between the two languages")
        return Record(group, [Pair(*map(text_of, sides))])

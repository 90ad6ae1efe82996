"""Raw parallel text as groups of sentence pairs; a group lies in one split as a whole."""

import itertools
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.corpus import SPLITS, is_test
from pipeline.errors import DataError
from pipeline.tasks.translation.settings import TranslationEncoding, TranslationReader

_BATCH_ROWS = 10_000
_SHOWN = 100  # characters of a value in a message
_MAX_MEMBER_BYTES = 1 << 24  # the largest catalogue has 0.1 MB; more is a zip bomb


class Pair(NamedTuple):
    """A sentence and its translation."""

    source: str
    target: str


class UnreadableRecord(Exception):
    """A record cannot be read, for the reason that the exception's text gives."""


Record = tuple[str, list[Pair] | UnreadableRecord]  # its name, and what is in it


class ParallelText(Protocol):
    """Sentence pairs by group: a record is what can be unreadable on its own."""

    groups: list[str]

    def records(self, group: str) -> Iterator[Record]:
        """Yield the name of each record of `group` and its pairs, or why it cannot be read."""
        ...


def open_text(raw: Path, encoding: TranslationEncoding) -> ParallelText:
    """Open the raw data in the layout that `encoding.reader` names; DataError if it is damaged."""
    reader = {
        TranslationReader.HOME_ASSISTANT: HomeAssistant,
        TranslationReader.PARALLEL_COLUMNS: ParallelColumns,
        TranslationReader.TRANSLATION_COLUMN: TranslationColumn,
    }[encoding.reader]
    return reader(raw, encoding.source_language, encoding.target_language)


class HomeAssistant:
    """A wheel with `<integration>/translations/<language>.json`: nested keys to messages.

    A group, and a record, is an integration; messages with the same path of keys are a pair.
    """

    def __init__(self, raw: Path, source_language: str, target_language: str) -> None:
        self._path = _only_wheel(raw)
        try:
            self._archive = zipfile.ZipFile(self._path)
        except (zipfile.BadZipFile, ValueError, RuntimeError) as error:
            raise _damaged(self._path, error) from None
        self._languages = (source_language, target_language)
        first, second = (self._folders_with(f"{name}.json") for name in self._languages)
        self.groups = sorted(first & second)
        if not self.groups:
            raise DataError(
                f"{self._path}: no folder */translations holds both {source_language}.json and "
                f"{target_language}.json; check encoding.source_language and target_language"
            )

    def records(self, group: str) -> Iterator[Record]:
        """Yield the one record of the integration `group`."""
        try:
            source, target = (dict(self._messages(group, name)) for name in self._languages)
        except UnreadableRecord as error:
            yield group, error
        except RecursionError:
            yield group, UnreadableRecord("tables nested too deeply")
        else:
            yield group, [Pair(source[path], target[path]) for path in source if path in target]

    def _folders_with(self, name: str) -> set[str]:
        ending = f"/translations/{name}"
        return {m.removesuffix(ending) for m in self._archive.namelist() if m.endswith(ending)}

    def _messages(self, group: str, language: str) -> Iterator[tuple[tuple[str, ...], str]]:
        member = f"{group}/translations/{language}.json"
        try:
            with self._archive.open(member) as file:
                content = file.read(_MAX_MEMBER_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise _damaged(self._path, error) from None
        if len(content) > _MAX_MEMBER_BYTES:
            raise UnreadableRecord(f"{language}.json is larger than {_MAX_MEMBER_BYTES} bytes")
        try:
            return _leaves(json.loads(content), (f"{language}.json",))
        except ValueError as error:  # not UTF-8 or not JSON
            raise UnreadableRecord(f"{language}.json is not valid JSON ({error})") from None


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each message below `value` and its path of keys, without the file's name."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, (*path, key))
    elif isinstance(value, str):
        if not _is_text(value):
            raise UnreadableRecord(f"{_at(path)} is {_cut(repr(value))}, with half a character")
        yield path[1:], value
    else:
        raise UnreadableRecord(f"{_at(path)} is {_cut(repr(value))}, neither a text nor a table")


def _at(path: tuple[str, ...]) -> str:
    return _cut(" / ".join(path))


def _cut(text: str) -> str:
    """Text of data for a message, which is a line whatever the data hold."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _is_text(value: str) -> bool:
    """JSON may name half of a UTF-16 pair, which no file in UTF-8 can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _only_wheel(raw: Path) -> Path:
    wheels = sorted(raw.glob("*.whl"))
    if len(wheels) != 1:
        raise DataError(f"{raw}: expected one wheel, found {len(wheels)}; run the download stage")
    return wheels[0]


class ParallelColumns:
    """`<split>.parquet` with a text column per language: a group is a split, a record is a row."""

    _column = "{}"  # of a language

    def __init__(self, raw: Path, source_language: str, target_language: str) -> None:
        self._raw = raw
        self._columns = [self._column.format(name) for name in (source_language, target_language)]
        found = sorted(path.stem for path in raw.glob("*.parquet"))
        if missing := ", ".join(f"{split}.parquet" for split in SPLITS if split not in found):
            raise DataError(f"{raw}: {missing} is missing; check source.splits, run download again")
        further = (split for split in found if is_test(split) and split not in SPLITS)
        self.groups = [*SPLITS, *further]

    def records(self, group: str) -> Iterator[Record]:
        """Yield the rows of the split `group` in their order, read batch by batch."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        row = itertools.count()
        try:
            with pq.ParquetFile(self._path(group), pre_buffer=False) as file:
                self._check_columns(group, file.schema_arrow.empty_table().flatten().column_names)
                for batch in file.iter_batches(_BATCH_ROWS, columns=self._columns):
                    table = pa.Table.from_batches([batch]).flatten()
                    columns = (table.column(name).to_pylist() for name in self._columns)
                    for texts in zip(*columns, strict=True):
                        yield f"{group} row {next(row)}", _pair(texts, self._columns)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _damaged(self._path(group), error) from None

    def _path(self, group: str) -> Path:
        return self._raw / f"{group}.parquet"

    def _check_columns(self, group: str, names: list[str]) -> None:
        for name in self._columns:
            if name not in names:
                raise DataError(
                    f"{self._path(group)}: no column {name!r} among {', '.join(names)}; set "
                    "encoding.source_language and encoding.target_language to columns"
                )


class TranslationColumn(ParallelColumns):
    """`<split>.parquet` with a column `translation` in which each language has a field."""

    _column = "translation.{}"


def _pair(texts: tuple[Any, ...], columns: list[str]) -> list[Pair] | UnreadableRecord:
    for name, text in zip(columns, texts, strict=True):
        if not isinstance(text, str):
            return UnreadableRecord(f"column {name} is {_cut(repr(text))}, not a text")
    return [Pair(*texts)]


def _damaged(path: Path, error: Exception) -> DataError:
    detail = " ".join(str(error).split())
    return DataError(f"{path}: the file is damaged ({detail}); run the download stage again")

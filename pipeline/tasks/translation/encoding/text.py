"""The sentences of a split as text files, a sentence a line, one file for each language."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.corpus import Split
from pipeline.errors import DataError
from pipeline.tasks.translation.encoding.read import Pair

FIELDS = Pair._fields


def text_path(encoded: Path, split: Split, field: str) -> Path:
    """Return the path of the sentences of a split and field."""
    return encoded / f"{split}.{field}.txt"


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file without their ends."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


def write_text(encoded: Path, split: Split, pairs: Iterable[Pair]) -> None:
    """Write the sentences of a split; DataError if there are none."""
    source, target = (text_path(encoded, split, field) for field in FIELDS)
    empty = True
    with (
        source.open("w", encoding="utf-8", newline="\n") as sources,
        target.open("w", encoding="utf-8", newline="\n") as targets,
    ):
        for pair in pairs:
            empty = False
            sources.write(f"{pair.source}\n")
            targets.write(f"{pair.target}\n")
    if empty:
        raise DataError(
            f"split {split!r} is empty: no pair passes encoding.max_words, min_test_words and "
            "max_test_words, or the share in encoding.splits is too small"
        )

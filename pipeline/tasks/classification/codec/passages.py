"""The texts of a split: baselines learn from their words, and the page shows them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.corpus import Split
from pipeline.errors import DataError
from pipeline.files import read_json, write_json


@dataclass(frozen=True)
class Passage:
    """A text, the page that it is of, and the number of its class."""

    page: str
    text: str
    number: int


def write_passages(encoded: Path, split: Split, passages: Sequence[Passage]) -> None:
    """Write the passages of a split."""
    write_json(_path(encoded, split), [asdict(passage) for passage in passages])


def read_passages(encoded: Path, split: Split) -> list[Passage]:
    """Return the passages of a split; DataError if the file is missing or damaged."""
    path = _path(encoded, split)
    try:
        return [Passage(**row) for row in read_json(path)]
    except TypeError as error:
        raise DataError(f"{path}: cannot be read ({error}); run the encode stage again") from None


def _path(encoded: Path, split: Split) -> Path:
    return encoded / f"{split}.passages.json"

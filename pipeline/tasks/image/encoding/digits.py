"""The handwritten digits inside scikit-learn's wheel."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.tasks.image.encoding.raw import (
    Image,
    RawImages,
    Record,
    Unreadable,
    only_wheel,
)

_DIGITS = "sklearn/datasets/data/digits.csv.gz"
_MAX_BYTES = 4 << 20  # of the table, unpacked; it has 264,712
_DAMAGED = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
_SIZE, _LEVELS, _CLASSES = 8, 17, 10


def read_digits(raw: Path) -> RawImages:
    """A row is 64 intensities 0..16 in raster order and the digit."""
    return RawImages(_LEVELS, _CLASSES, {"train": _records(_table(only_wheel(raw)))})


def _records(table: bytes) -> Iterator[Record]:
    for number, line in enumerate(table.splitlines(), start=1):
        try:
            *intensities, label = _parse_row(line)
        except ValueError as error:
            yield Unreadable(f"row {number}", str(error))
        else:
            yield Image(np.array(intensities, np.uint8).reshape(_SIZE, _SIZE, 1), label, number)


def _parse_row(line: bytes) -> list[int]:
    fields = line.split(b",")
    if len(fields) != _SIZE * _SIZE + 1:
        raise ValueError(f"not {_SIZE * _SIZE} intensities and a label")
    if not all(field.isdigit() for field in fields):
        raise ValueError("a field is not a whole number")
    *intensities, label = map(int, fields)
    if max(intensities) >= _LEVELS:
        raise ValueError(f"an intensity is above {_LEVELS - 1}")
    if label >= _CLASSES:
        raise ValueError(f"the label is above {_CLASSES - 1}")
    return [*intensities, label]


def _table(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(_DIGITS) as packed:
            # Both layers are read with a limit, whatever sizes their headers claim.
            member = io.BytesIO(packed.read(_MAX_BYTES))
        with gzip.open(member) as unpacked:
            table = unpacked.read(_MAX_BYTES + 1)
    except KeyError:
        raise DataError(
            f"{wheel}: no {_DIGITS} inside; datasets.*.source in params.yaml names another archive"
        ) from None
    except _DAMAGED as error:
        raise DataError(
            f"{wheel}: {_DIGITS} cannot be read ({error}); run the download stage again"
        ) from None
    if len(table) > _MAX_BYTES:
        raise DataError(f"{wheel}: {_DIGITS} is longer than {_MAX_BYTES} bytes; not the digits")
    return table

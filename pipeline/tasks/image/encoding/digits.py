"""The handwritten digits inside scikit-learn's wheel."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.encoding.archives import DAMAGED, only_archive
from pipeline.encoding.records import RecordError, Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.raw import Image, RawImages

_DIGITS = "sklearn/datasets/data/digits.csv.gz"
_MAX_BYTES = 4 << 20  # of the table, unpacked; it has 264,712
_SIZE, _LEVELS, _CLASSES = 8, 17, 10
_MOST_DIGITS = 9  # Python refuses to read some thousands


def read_digits(raw: Path) -> RawImages:
    """A row is 64 intensities 0..16 in raster order and the digit; it is a cluster of its own."""
    table = _table(only_archive(raw, "*.whl"))
    return RawImages(_LEVELS, _CLASSES, {"train": _records(table)})


def _records(table: bytes) -> Iterator[Image | Skipped]:
    for number, line in enumerate(table.splitlines(), start=1):
        yield read_or_skip(f"row {number}", _image, number, line)


def _image(number: int, line: bytes) -> Image:
    fields = line.split(b",")
    if len(fields) != _SIZE * _SIZE + 1:
        raise RecordError(f"not {_SIZE * _SIZE} intensities and a label")
    if not all(field.isdigit() and len(field) <= _MOST_DIGITS for field in fields):
        raise RecordError(f"a field is not a whole number of at most {_MOST_DIGITS} digits")
    *intensities, label = map(int, fields)
    if max(intensities) >= _LEVELS:
        raise RecordError(f"an intensity is above {_LEVELS - 1}")
    if label >= _CLASSES:
        raise RecordError(f"the label is above {_CLASSES - 1}")
    return Image(np.array(intensities, np.uint8).reshape(_SIZE, _SIZE, 1), label, number)


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
    except DAMAGED as error:
        raise DataError(
            f"{wheel}: {_DIGITS} cannot be read ({error}); run the download stage again"
        ) from None
    if len(table) > _MAX_BYTES:
        raise DataError(f"{wheel}: {_DIGITS} is longer than {_MAX_BYTES} bytes; not the digits")
    return table

"""Raw archives to labelled images."""

import gzip
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.tasks.image.settings import ImageReader

_DIGITS = "sklearn/datasets/data/digits.csv.gz"
_MAX_BYTES = 4 << 20  # of the table, unpacked; it has 264,712


@dataclass(frozen=True)
class LabelledImage:
    """One image: `pixels` (height, width) holds intensities, `label` its class."""

    record: str
    label: int
    pixels: np.ndarray


@dataclass(frozen=True)
class Unreadable:
    """A record that is not an image, and why."""

    record: str
    reason: str


@dataclass(frozen=True)
class RawImages:
    """All images of an archive, in its order; every image has the same size, levels and classes."""

    height: int
    width: int
    levels: int
    classes: int
    images: list[LabelledImage]
    unreadable: list[Unreadable]


def read(raw: Path, reader: ImageReader) -> RawImages:
    """Read the archive in `raw`; DataError if it is missing or damaged as a whole."""
    match reader:
        case ImageReader.SKLEARN_DIGITS:
            return _read_sklearn_digits(raw)


def _read_sklearn_digits(raw: Path) -> RawImages:
    """A row is 64 intensities 0..16 in raster order and the digit."""
    result = RawImages(height=8, width=8, levels=17, classes=10, images=[], unreadable=[])
    for number, line in enumerate(_table(_only_wheel(raw)).splitlines(), start=1):
        record = f"row {number}"
        try:
            label, pixels = _parse_row(line, result)
        except ValueError as error:
            result.unreadable.append(Unreadable(record, str(error)))
        else:
            result.images.append(LabelledImage(record, label, pixels))
    return result


def _parse_row(line: bytes, layout: RawImages) -> tuple[int, np.ndarray]:
    fields = line.split(b",")
    if len(fields) != layout.height * layout.width + 1:
        raise ValueError(f"not {layout.height * layout.width} intensities and a label")
    if not all(field.isdigit() for field in fields):
        raise ValueError("a field is not a whole number")
    *intensities, label = map(int, fields)
    if max(intensities) >= layout.levels:
        raise ValueError(f"an intensity is above {layout.levels - 1}")
    if label >= layout.classes:
        raise ValueError(f"the label is above {layout.classes - 1}")
    return label, np.array(intensities, np.uint8).reshape(layout.height, layout.width)


def _only_wheel(raw: Path) -> Path:
    wheels = sorted(raw.glob("*.whl"))
    if len(wheels) != 1:
        raise DataError(
            f"{raw}: {len(wheels)} wheels where one is expected; run the download stage again"
        )
    return wheels[0]


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
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{wheel}: {_DIGITS} cannot be read ({error}); run the download stage again"
        ) from None
    if len(table) > _MAX_BYTES:
        raise DataError(f"{wheel}: {_DIGITS} is longer than {_MAX_BYTES} bytes; not the digits")
    return table

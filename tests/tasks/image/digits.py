"""Small archives with the layout of scikit-learn's wheel."""

import gzip
import zipfile
from pathlib import Path

import numpy as np

from pipeline.settings.base import Splits
from pipeline.tasks.image.settings import DigitsEncoding, ImageReader

MEMBER = "sklearn/datasets/data/digits.csv.gz"


def rows_of_digits(count: int, seed: int = 0) -> list[str]:
    """Rows of random images with the labels 0 1 2 ... 9 0 1 ..."""
    pixels = np.random.default_rng(seed).integers(0, 17, (count, 64))
    return [",".join(map(str, [*image, number % 10])) for number, image in enumerate(pixels)]


def write_wheel(raw: Path, rows: list[str], member: str = MEMBER) -> Path:
    """Write the rows as the one wheel of a data set's raw folder; return the wheel."""
    return write_member(raw, gzip.compress("".join(f"{row}\n" for row in rows).encode()), member)


def write_member(raw: Path, content: bytes, member: str = MEMBER) -> Path:
    """Write a wheel whose table is `content`, packed or not."""
    raw.mkdir(parents=True, exist_ok=True)
    wheel = raw / "scikit_learn-1.9.1-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sklearn/__init__.py", "raise RuntimeError('imported')")
        archive.writestr(member, content)
    return wheel


def encoding(
    max_skipped: float = 0.0,
    validation: float = 0.1,
    test: float = 0.15,
    seed: int = 1,
    classes: int = 10,
) -> DigitsEncoding:
    """The settings of the default scale, or others."""
    return DigitsEncoding(
        reader=ImageReader.SKLEARN_DIGITS,
        classes=classes,
        max_skipped=max_skipped,
        splits=Splits(validation=validation, test=test, seed=seed),
    )

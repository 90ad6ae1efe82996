"""Raw images one by one, whatever files they come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.corpus import Split
from pipeline.errors import DataError

IDS = np.dtype(np.uint16)  # of an image; classes come after intensities


class Unreadable(NamedTuple):
    """A record that is not used, and why."""

    record: str
    reason: str


class Image(NamedTuple):
    """Intensities `pixels` (height, width, channels) and class of an image.

    Images of the same `unit` have to stay in one split.
    """

    pixels: np.ndarray
    label: int
    unit: int


Record = Image | Unreadable


@dataclass(frozen=True)
class RawImages:
    """All records of a source: `splits` as they come with it, "train" alone if it has none.

    A split is read while it is gone through, which is possible once, and raises DataError where it
    is damaged as a whole.
    """

    levels: int
    classes: int | None  # None: as many as the largest label says
    splits: dict[Split, Iterable[Record]]


def most_classes(levels: int) -> int:
    """How many classes there can be ids for, beside those of the intensities."""
    return 1 + np.iinfo(IDS).max - levels


def only_wheel(raw: Path) -> Path:
    """Return the one wheel in `raw`; DataError if there is none, or another one."""
    wheels = sorted(raw.glob("*.whl"))
    if len(wheels) != 1:
        raise DataError(
            f"{raw}: {len(wheels)} wheels where one is expected; run the download stage again"
        )
    return wheels[0]

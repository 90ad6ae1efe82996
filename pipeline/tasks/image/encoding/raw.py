"""Raw images as arrays, whatever files they came from."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.corpus import Split
from pipeline.errors import DataError


class Unreadable(NamedTuple):
    """A record that is not used, and why."""

    record: str
    reason: str


@dataclass(frozen=True)
class Images:
    """Intensities `pixels` (image, height, width, channels) and classes `labels` (image,).

    Images of the same `units` (image,) have to stay in one split.
    """

    pixels: np.ndarray
    labels: np.ndarray
    units: np.ndarray

    @classmethod
    def single(cls, pixels: np.ndarray, labels: np.ndarray) -> "Images":
        """Images that may be split one by one."""
        return cls(pixels, labels, np.arange(len(pixels)))

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, which: np.ndarray | slice) -> "Images":
        """Some of the images."""
        return Images(self.pixels[which], self.labels[which], self.units[which])


@dataclass(frozen=True)
class RawImages:
    """All images of a source: `splits` as they come with it, "train" alone if it has none."""

    levels: int
    classes: int
    splits: dict[Split, Images]
    unreadable: list[Unreadable]


def most_classes(levels: int) -> int:
    """How many classes there can be: the codec's ids have 16 bits, and intensities come first."""
    return 2**16 - levels


def only_wheel(raw: Path) -> Path:
    """Return the one wheel in `raw`; DataError if there is none, or another one."""
    wheels = sorted(raw.glob("*.whl"))
    if len(wheels) != 1:
        raise DataError(
            f"{raw}: {len(wheels)} wheels where one is expected; run the download stage again"
        )
    return wheels[0]

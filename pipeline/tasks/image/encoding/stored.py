"""Images whose pixels lie in a file: of each, only what is small is held."""

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from pipeline.tasks.image.encoding.raw import Record, Unreadable

_DIGEST = np.dtype("S16")


class PixelFile:
    """The intensities of images of one `size` (height, width, channels), a byte for each."""

    def __init__(self, file: BinaryIO, size: tuple[int, int, int]) -> None:
        self._file, self._size = file, size
        self._bytes = int(np.prod(size))
        self._images = 0

    def append(self, content: bytes) -> int:
        """Write the intensities of an image; return its place, the number of those before it."""
        self._file.write(content)
        self._images += 1
        return self._images - 1

    def read(self, place: int) -> np.ndarray:
        """Return pixels (height, width, channels); nothing can be appended afterwards."""
        self._file.seek(place * self._bytes)
        return np.frombuffer(self._file.read(self._bytes), np.uint8).reshape(self._size)


@dataclass(frozen=True)
class Images:
    """Of each image (image,) its place in the file of pixels, a digest of them, class and unit."""

    places: np.ndarray
    digests: np.ndarray
    labels: np.ndarray
    units: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    def take(self, which: np.ndarray) -> "Images":
        """Some of the images."""
        kept = (each[which] for each in (self.places, self.digests, self.labels, self.units))
        return Images(*kept)


def store(records: Iterable[Record], pixels: PixelFile) -> tuple[Images, list[Unreadable]]:
    """Append the images among `records` to `pixels`; return them, and the other records."""
    places, digests, labels, units = array("q"), bytearray(), array("q"), array("q")
    unreadable = []
    for record in records:
        if isinstance(record, Unreadable):
            unreadable.append(record)
            continue
        content = record.pixels.tobytes()
        places.append(pixels.append(content))
        digests += hashlib.blake2b(content, digest_size=_DIGEST.itemsize).digest()
        labels.append(record.label)
        units.append(record.unit)
    numbers = [np.array(each, np.int64) for each in (labels, units)]
    images = Images(np.array(places, np.int64), np.frombuffer(digests, _DIGEST), *numbers)
    return images, unreadable

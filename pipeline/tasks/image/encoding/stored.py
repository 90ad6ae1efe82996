"""Images whose pixels lie in a file: only a few numbers of each are in memory."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from pipeline.encoding.duplicates import digest
from pipeline.tasks.image.encoding.raw import Image


class PixelFile:
    """The intensities of images of one `size` (height, width, channels), a byte for each."""

    def __init__(self, file: BinaryIO, size: tuple[int, int, int]) -> None:
        self._file, self._size = file, size
        self._bytes = int(np.prod(size))
        self._images = 0

    def append(self, content: bytes) -> int:
        """Write the intensities of an image; return its index in the file."""
        self._file.write(content)
        self._images += 1
        return self._images - 1

    def read(self, index: int) -> np.ndarray:
        """Return pixels (height, width, channels); nothing can be appended afterwards."""
        self._file.seek(index * self._bytes)
        return np.frombuffer(self._file.read(self._bytes), np.uint8).reshape(self._size)


@dataclass(frozen=True)
class Images:
    """Of each image (image,): its index in the file of pixels, their digest, class and cluster."""

    indices: np.ndarray
    digests: np.ndarray
    labels: np.ndarray
    clusters: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def take(self, which: np.ndarray) -> "Images":
        """Return some of the images."""
        fields = (self.indices, self.digests, self.labels, self.clusters)
        return Images(*(field[which] for field in fields))


def store(images: Iterable[Image], pixels: PixelFile) -> Images:
    """Append the images to `pixels`; return the numbers of each."""
    indices, digests, labels, clusters = array("q"), array("Q"), array("q"), array("q")
    for image in images:
        content = image.pixels.tobytes()
        indices.append(pixels.append(content))
        digests.append(digest(content))
        labels.append(image.label)
        clusters.append(image.cluster)
    return Images(
        np.array(indices, np.int64),
        np.array(digests, np.uint64),
        np.array(labels, np.int64),
        np.array(clusters, np.int64),
    )

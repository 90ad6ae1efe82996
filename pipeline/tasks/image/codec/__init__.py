"""An image of a class as ids, and back.

Ids 0 .. levels - 1 are intensities, levels .. levels + classes - 1 are classes. A sequence is the
class and then the intensities in raster order, the channels of a pixel one after the other; a
network may generate them in another order, which `models.shared.order` gives. Images without
labels are all of one class. The source of super-resolution is the same image, smaller; its ids are
the intensities plus 1, because 0 is padding there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.settings import DataShape, ImageLayout
from pipeline.errors import DataError


@dataclass(frozen=True)
class ImageCodec:
    """Sizes of the images, number of channels, of intensities and of classes."""

    height: int
    width: int
    channels: int
    levels: int
    classes: int

    @classmethod
    def of(cls, shape: DataShape) -> "ImageCodec":
        """Return the codec of encoded images; DataError if `shape` is not that of images."""
        image = shape.layout
        if not isinstance(image, ImageLayout):
            raise DataError("the encoded data has no height and width; it is not of task image")
        classes = shape.inputs - shape.outputs
        return cls(image.height, image.width, image.channels, shape.outputs, classes)

    @property
    def shape(self) -> DataShape:
        """What a network has to know of the data."""
        return DataShape(
            inputs=self.levels + self.classes,
            outputs=self.levels,
            layout=ImageLayout(height=self.height, width=self.width, channels=self.channels),
        )

    @property
    def size(self) -> tuple[int, int, int]:
        """The axes of an image's pixels: height, width, channels."""
        return self.height, self.width, self.channels

    @property
    def dimensions(self) -> int:
        """How many intensities an image has."""
        return self.height * self.width * self.channels

    def encode(self, label: int, pixels: np.ndarray) -> np.ndarray:
        """Return ids (1 + dimensions) of `pixels` (height, width, channels).

        DataError outside of the codec.
        """
        return self.encode_all(np.array([label]), pixels[None])[0].astype(np.int64)

    def encode_all(self, labels: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Return ids (image, 1 + dimensions) of `pixels` (image, height, width, channels)."""
        if pixels.shape[1:] != self.size:
            raise DataError(
                f"image of shape {pixels.shape[1:]}, expected {self.size} (height, width, channels)"
            )
        _check(pixels, "intensity", 0, self.levels)
        _check(labels, "class", 0, self.classes)
        ids = np.empty((len(pixels), 1 + self.dimensions), np.uint16)
        ids[:, 0] = labels + self.levels
        ids[:, 1:] = pixels.reshape(len(pixels), -1)
        return ids

    def class_id(self, label: int) -> int:
        """Return the id of a class; DataError if there is no such class."""
        _check(np.array([label]), "class", 0, self.classes)
        return self.levels + label

    def decode(self, ids: Sequence[int] | np.ndarray) -> tuple[int, np.ndarray]:
        """Return label and pixels (height, width, channels) of ids (1 + dimensions)."""
        labels, pixels = self.decode_all(np.asarray(ids)[None])
        return int(labels[0]), pixels[0]

    def decode_all(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return labels (image,) and pixels (image, height, width, channels), the inverse."""
        self.check(ids)
        return ids[:, 0].astype(np.int64) - self.levels, ids[:, 1:].reshape(-1, *self.size)

    def sources(self, pixels: np.ndarray, reduction: int) -> np.ndarray:
        """Return the source ids (image, intensity) of `pixels` (image, height, width, channels)."""
        return self.reduce(pixels, reduction).reshape(len(pixels), -1) + 1

    def reduce(self, pixels: np.ndarray, reduction: int) -> np.ndarray:
        """Average squares of `reduction` x `reduction` pixels, rounded to levels; axes stay."""
        rows, columns = self.height // reduction, self.width // reduction
        squares = pixels.reshape(-1, rows, reduction, columns, reduction, self.channels)
        return np.rint(squares.mean(axis=(2, 4))).astype(np.int64)

    def interpolate(self, smaller: np.ndarray) -> np.ndarray:
        """Enlarge `smaller` (image, ...) bicubically to the size of the images, in their levels."""
        planes = np.moveaxis(smaller, 3, 1).astype(np.float32).reshape(-1, *smaller.shape[1:3])
        size = (self.width, self.height)
        larger = [Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC) for plane in planes]
        found = np.stack(larger).reshape(-1, self.channels, self.height, self.width)
        return np.moveaxis(np.rint(found).clip(0, self.levels - 1), 1, 3).astype(np.int64)

    def check(self, ids: np.ndarray) -> None:
        """DataError if ids (image, 1 + dimensions) are not those of images."""
        if ids.shape[1:] != (1 + self.dimensions,):
            raise DataError(
                f"ids of shape {ids.shape[1:]}, expected one class and "
                f"{' * '.join(map(str, self.size))} intensities"
            )
        _check(ids[:, 0], "class id", self.levels, self.levels + self.classes)
        _check(ids[:, 1:], "intensity", 0, self.levels)


def _check(values: np.ndarray, name: str, low: int, high: int) -> None:
    if values.size and not low <= values.min() <= values.max() < high:
        wrong = np.flatnonzero((values < low) | (values >= high))[0]
        raise DataError(
            f"{name} {values.flat[wrong]} at position {wrong} is not in {low}..{high - 1}; "
            "run the encode stage again"
        )

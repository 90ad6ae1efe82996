"""Images with classes to ids and back.

Ids 0 .. levels - 1 are intensities, levels .. levels + classes - 1 are classes. A sequence is the
class followed by the intensities in raster order, the channels of a pixel next to each other; see
`models.shared.order` for the order in which networks generate them. Images without labels are all
of one class. The source of super-resolution is the image downsampled; its ids are the intensities
plus 1, because 0 is padding there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.settings import DataShape, ImageLayout
from pipeline.errors import DataError


@dataclass(frozen=True)
class ImageCodec:
    """The codec of images of one size, with `levels` intensities and `classes` classes."""

    height: int
    width: int
    channels: int
    levels: int
    classes: int

    @classmethod
    def of(cls, shape: DataShape) -> "ImageCodec":
        """Return the codec of a data set; DataError if `shape` is not that of images."""
        image = shape.layout
        if not isinstance(image, ImageLayout):
            raise DataError("the encoded data has no height and width; it is not of task image")
        classes = shape.inputs - shape.outputs
        return cls(image.height, image.width, image.channels, shape.outputs, classes)

    @property
    def shape(self) -> DataShape:
        """The number of ids and the layout of a network's sequences."""
        return DataShape(
            inputs=self.levels + self.classes,
            outputs=self.levels,
            layout=ImageLayout(height=self.height, width=self.width, channels=self.channels),
        )

    @property
    def size(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.height, self.width, self.channels

    @property
    def dimensions(self) -> int:
        """The number of intensities of an image."""
        return self.height * self.width * self.channels

    def encode(self, label: int, pixels: np.ndarray) -> np.ndarray:
        """Return the ids (1 + dimensions,) of `pixels` (height, width, channels).

        DataError if the class, the size or an intensity is out of range.
        """
        return self.encode_all(np.array([label]), pixels[None])[0].astype(np.int64)

    def encode_all(self, labels: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Return the ids (image, 1 + dimensions) of `pixels` (image, height, width, channels)."""
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
        """Return the class and the pixels (height, width, channels) of ids (1 + dimensions,)."""
        labels, pixels = self.decode_all(np.asarray(ids)[None])
        return int(labels[0]), pixels[0]

    def decode_all(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return classes (image,) and pixels (image, height, width, channels) of ids."""
        self.check(ids)
        return ids[:, 0].astype(np.int64) - self.levels, ids[:, 1:].reshape(-1, *self.size)

    def sources(self, pixels: np.ndarray, factor: int) -> np.ndarray:
        """Return source ids (image, intensity) of `pixels` (image, height, width, channels)."""
        return self.downsample(pixels, factor).reshape(len(pixels), -1) + 1

    def downsample(self, pixels: np.ndarray, factor: int) -> np.ndarray:
        """Average blocks of factor x factor pixels (image, height, width, channels), rounded."""
        rows, columns = self.height // factor, self.width // factor
        blocks = pixels.reshape(-1, rows, factor, columns, factor, self.channels)
        return np.rint(blocks.mean(axis=(2, 4))).astype(np.int64)

    def upsample(self, smaller: np.ndarray) -> np.ndarray:
        """Enlarge images (image, height, width, channels) to `size` by bicubic interpolation."""
        planes = np.moveaxis(smaller, 3, 1).astype(np.float32).reshape(-1, *smaller.shape[1:3])
        size = (self.width, self.height)
        planes = [Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC) for plane in planes]
        pixels = np.stack(planes).reshape(-1, self.channels, self.height, self.width)
        return np.moveaxis(np.rint(pixels).clip(0, self.levels - 1), 1, 3).astype(np.int64)

    def check(self, ids: np.ndarray) -> None:
        """Raise DataError if `ids` are not (image, 1 + dimensions) or out of range."""
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

"""An image of a class as ids, and back.

Ids 0 .. levels - 1 are intensities, levels .. levels + classes - 1 are classes. A sequence is the
class and then the intensities in raster order; a network may generate the pixels in another order,
which `models.network.pixel_order` gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.settings import DataShape
from pipeline.errors import DataError


@dataclass(frozen=True)
class ImageCodec:
    """Sizes of the images, number of intensities and number of classes."""

    height: int
    width: int
    levels: int
    classes: int

    @classmethod
    def of(cls, shape: DataShape) -> "ImageCodec":
        """Return the codec of encoded images; DataError if `shape` is not that of images."""
        if shape.height is None or shape.width is None:
            raise DataError("the encoded data has no height and width; it is not of task image")
        return cls(shape.height, shape.width, shape.outputs, shape.inputs - shape.outputs)

    @property
    def shape(self) -> DataShape:
        """What a network has to know of the data."""
        return DataShape(
            inputs=self.levels + self.classes,
            outputs=self.levels,
            height=self.height,
            width=self.width,
            channels=1,
            voices=None,
            pitches=None,
        )

    def encode(self, label: int, pixels: np.ndarray) -> np.ndarray:
        """Return ids (1 + height * width) of `pixels` (height, width); DataError outside of it."""
        if pixels.shape != (self.height, self.width):
            raise DataError(
                f"image of shape {pixels.shape}, expected {(self.height, self.width)} "
                "(height, width)"
            )
        _check(pixels.ravel(), "intensity", 0, self.levels)
        return np.concatenate([[self.class_id(label)], pixels.ravel()]).astype(np.int64)

    def class_id(self, label: int) -> int:
        """Return the id of a class; DataError if there is no such class."""
        _check(np.array([label]), "class", 0, self.classes)
        return self.levels + label

    def decode(self, ids: Sequence[int] | np.ndarray) -> tuple[int, np.ndarray]:
        """Return label and pixels (height, width) of ids (1 + height * width), the inverse."""
        ids = np.asarray(ids)
        if ids.shape != (1 + self.height * self.width,):
            raise DataError(
                f"ids of shape {ids.shape}, expected one class and "
                f"{self.height} * {self.width} intensities"
            )
        _check(ids[:1], "class id", self.levels, self.levels + self.classes)
        _check(ids[1:], "intensity", 0, self.levels)
        return int(ids[0]) - self.levels, ids[1:].reshape(self.height, self.width)


def _check(values: np.ndarray, name: str, low: int, high: int) -> None:
    wrong = np.flatnonzero((values < low) | (values >= high))
    if len(wrong):
        raise DataError(
            f"{name} {values[wrong[0]]} at position {wrong[0]} is not in {low}..{high - 1}; "
            "run the encode stage again"
        )

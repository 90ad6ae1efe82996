"""Random augmentation of training images: flip, crop, rotation, hue, noise."""

import math

import numpy as np

from pipeline.errors import ConfigError
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.settings import Augmentation


class Augmenter:
    """Augments the images of a batch independently of each other.

    Raises ConfigError if `settings` rotate the hue of grey images.
    """

    def __init__(self, settings: Augmentation, codec: ImageCodec) -> None:
        if settings.hue > 0.0 and codec.channels == 1:
            raise ConfigError(
                f"training.augmentation.hue = {settings.hue}, but the images are grey; use 0.0"
            )
        self._settings, self._codec = settings, codec

    def augment(self, ids: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return ids (image, 1 + dimensions) of the same classes with augmented pixels."""
        settings, count = self._settings, len(ids)
        labels, pixels = self._codec.decode_all(ids)
        augmented = pixels.astype(np.float64)
        if settings.flip > 0.0:
            augmented = flipped(augmented, random.random(count) < settings.flip)
        if settings.crop > 0:
            augmented = shifted(
                augmented, random.integers(-settings.crop, settings.crop + 1, (count, 2))
            )
        if settings.rotation > 0.0:
            augmented = rotated(
                augmented, random.uniform(-settings.rotation, settings.rotation, count)
            )
        if settings.hue > 0.0:
            augmented = hue_rotated(augmented, random.uniform(-settings.hue, settings.hue, count))
        if settings.noise > 0.0:
            augmented = augmented + random.normal(0.0, settings.noise, augmented.shape)
        return self._codec.encode_all(labels, np.rint(augmented).clip(0, self._codec.levels - 1))


def flipped(pixels: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Flip those of pixels (image, height, width, channels) left to right where which (image,)."""
    return np.where(which[:, None, None, None], pixels[:, :, ::-1], pixels)


def shifted(pixels: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Crop at offsets (image, 2) of rows and columns; edge pixels are repeated outside."""
    rows, columns = np.meshgrid(*map(np.arange, pixels.shape[1:3]), indexing="ij")
    return _at(pixels, rows + offsets[:, 0, None, None], columns + offsets[:, 1, None, None])


def rotated(pixels: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Rotate images counter-clockwise about their centres by degrees (image,).

    Bilinear interpolation; edge pixels are repeated outside.
    """
    _, height, width, _ = pixels.shape
    down, right = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    down, right = down - (height - 1) / 2, right - (width - 1) / 2
    angles = np.radians(degrees)[:, None, None]
    cosine, sine = np.cos(angles), np.sin(angles)
    rows = cosine * down + sine * right + (height - 1) / 2
    columns = cosine * right - sine * down + (width - 1) / 2
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    dy, dx = (rows - top)[..., None], (columns - left)[..., None]
    upper = (1 - dx) * _at(pixels, top, left) + dx * _at(pixels, top, left + 1)
    lower = (1 - dx) * _at(pixels, top + 1, left) + dx * _at(pixels, top + 1, left + 1)
    return (1 - dy) * upper + dy * lower


def hue_rotated(pixels: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Rotate RGB about the grey axis by turns (image,): a third of a turn makes red green."""
    angles = (2 * math.pi * turns)[:, None, None]
    grey = np.full((3, 3), 1 / 3)
    skew = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    rotation = np.cos(angles) * np.eye(3) + (1 - np.cos(angles)) * grey + np.sin(angles) * skew
    return np.einsum("ioc,ihwc->ihwo", rotation, pixels)


def _at(pixels: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Gather pixels at rows and columns (image, height, width), clipped to the image."""
    images = np.arange(len(pixels))[:, None, None]
    rows, columns = rows.clip(0, pixels.shape[1] - 1), columns.clip(0, pixels.shape[2] - 1)
    return pixels[images, rows, columns]

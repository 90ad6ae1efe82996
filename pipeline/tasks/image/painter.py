"""Samples images with a trained run."""

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from models.shared.base import AutoregressiveModel
from pipeline.decoding.fill import Fill
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.errors import ConfigError, DataError
from pipeline.files import write_atomically
from pipeline.machine import to_use
from pipeline.proposer import fill_with
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.decoding.decode import GAP, png_grid, sample_images, shades
from pipeline.tasks.image.encoding.picture import (
    MAX_FILE_BYTES,
    PictureError,
    quantised,
    read_picture,
    stored_mode,
)
from pipeline.tasks.image.settings import ImageRun
from pipeline.trained import load_model

BATCH_IMAGES = 4  # larger batches are faster, but the first images take longer


class Painter:
    """A trained network with its sampling settings, and its way to fill an image."""

    def __init__(self, model: AutoregressiveModel, sampling: Sampling, fill: Fill = fill) -> None:
        self._model, self._sampling, self._fill = model, sampling, fill
        self.codec = ImageCodec.of(model.shape)

    def paint(self, label: int, count: int) -> Iterator[np.ndarray]:
        """Yield the finished images (image, height, width, channels) after each batch."""
        return self._sample(label, np.full(self.codec.size, TO_SAMPLE), count)

    def complete(self, label: int, pixels: np.ndarray, count: int) -> Iterator[np.ndarray]:
        """Yield the same with the upper half of `pixels` (height, width, channels) kept.

        The first image is the known half.
        """
        known = pixels.astype(np.int64)
        known[self.codec.height // 2 :] = TO_SAMPLE
        for finished in self._sample(label, known, count):
            yield np.concatenate((known[None], finished))

    def _sample(self, label: int, known: np.ndarray, count: int) -> Iterator[np.ndarray]:
        finished = known[None][:0]
        for first in range(0, count, BATCH_IMAGES):
            batch = min(BATCH_IMAGES, count - first)
            seed = int(np.random.SeedSequence([self._sampling.seed, first]).generate_state(1)[0])
            samples = sample_images(
                self._model,
                self.codec,
                np.full(batch, label),
                np.repeat(known[None], batch, axis=0),
                self._sampling.model_copy(update={"seed": seed}),
                fill=self._fill,
            )
            finished = np.concatenate((finished, samples))
            yield finished


def paint(options: argparse.Namespace, run: ImageRun, sampling: Sampling, method: Method) -> None:
    """Sample images with `run`, named `options.run`, as the command `paint`.

    Raises ConfigError if the class is unknown, and DataError if a picture cannot be read.
    """
    name, path = options.run, options.output
    training = to_use(name, run.training)
    fill = fill_with(method, options.proposer, training)
    painter = Painter(load_model(name, training), sampling, fill)
    label = check_class(options.label, painter.codec.classes)
    _log(f"{name}: {run.title}, trained on {run.dataset}")
    if options.complete is None:
        updates = painter.paint(label, options.count)
    else:
        pixels = fitting_pixels(options.complete, painter.codec, _log)
        updates = painter.complete(label, pixels, options.count)
    cells = options.count + (options.complete is not None)
    for images in updates:
        write_atomically(path, png_grid(arrange(shades(images, painter.codec), cells)))
        _log(f"{path}: {len(images)} of {cells}")


def fitting_pixels(path: Path, codec: ImageCodec, log: Callable[[str], None]) -> np.ndarray:
    """Read any picture as intensities (height, width, channels); `log` conversions.

    The picture is cropped to the aspect ratio of the codec, resized by averaging, and rounded to
    its levels. Raises DataError if the file is not a picture, is too large, or has no well-defined
    brightness.
    """
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    try:
        picture, stored = read_picture(content, codec.channels), stored_mode(content)
    except PictureError as error:
        raise DataError(f"{path}: {error}; give another picture") from None
    conversions = []
    if stored != picture.mode:
        conversions.append("made grey" if codec.channels == 1 else "made RGB")
    size = (codec.width, codec.height)
    if picture.size != size:
        sizes = [f"{width} x {height}" for width, height in (picture.size, size)]
        conversions.append(f"{sizes[0]} pixels cropped and resized to {sizes[1]}")
        picture = ImageOps.fit(picture, size, Image.Resampling.BOX)
    exact = np.asarray(picture).reshape(codec.size)
    pixels = quantised(exact, codec.levels).astype(np.int64)
    if not np.array_equal(shades(pixels, codec), exact):
        conversions.append(f"rounded to {codec.levels} levels")
    if conversions:
        log(f"{path}: {', '.join(conversions)}")
    return pixels


def check_class(label: int | None, classes: int) -> int:
    """Return the class to paint; ConfigError if it is unknown. A single class is the default."""
    if label is None and classes == 1:
        return 0
    if label is None or not 0 <= label < classes:
        problem = "is missing" if label is None else f"{label} does not exist"
        raise ConfigError(
            f"--class {problem}: the run was trained on the classes 0 to {classes - 1}"
        )
    return label


def arrange(cells: np.ndarray, count: int) -> np.ndarray:
    """Arrange cells (cell, ...), the first of `count`, as a grid (row, column, ...)."""
    columns = math.isqrt(count - 1) + 1
    rows = -(-count // columns)
    page = np.full((rows * columns, *cells.shape[1:]), GAP, np.uint8)
    page[: len(cells)] = cells
    return page.reshape(rows, columns, *cells.shape[1:])


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

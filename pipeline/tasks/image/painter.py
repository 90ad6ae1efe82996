"""Samples images with a trained run."""

import argparse
import io
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from models.shared.base import AutoregressiveModel
from models.shared.order import generation_order
from pipeline.decoding.fill import Fill
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.errors import ConfigError, DataError
from pipeline.files import write_atomically
from pipeline.machine import to_use
from pipeline.networks import Network
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

MIN_WIDTH = 128  # pixels of an image that is written
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


def paint(
    options: argparse.Namespace, network: Network, sampling: Sampling, method: Method
) -> None:
    """Sample images with `network`, as the command `paint`.

    Raises ConfigError if the class is unknown, and DataError if a picture cannot be read.
    """
    path = options.output
    training = to_use(network.name, network.run.training)
    fill = fill_with(method, options.proposer, training)
    model = network.load(training)
    painter = Painter(model, sampling, fill)
    label = check_class(options.label, painter.codec.classes)
    _log(network.introduction())
    if options.complete is None:
        updates = painter.paint(label, options.count)
    else:
        pixels = fitting_pixels(options.complete, painter.codec, _log)
        if options.invert:
            pixels = negative(pixels, painter.codec)
        elif is_likelier_inverted(model, label, pixels):
            _log(
                f"{options.complete}: dark and light look swapped, compared with the images of the "
                "training; try --invert"
            )
        updates = painter.complete(label, pixels, options.count)
    cells = options.count + (options.complete is not None)
    for images in updates:
        page = arrange(shades(images, painter.codec), cells)
        write_atomically(path, enlarged(png_grid(page), columns=page.shape[1]))
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


def negative(pixels: np.ndarray, codec: ImageCodec) -> np.ndarray:
    """Swap dark and light of intensities (height, width, channels)."""
    return codec.levels - 1 - pixels


def is_likelier_inverted(model: AutoregressiveModel, label: int, pixels: np.ndarray) -> bool:
    """Whether the network finds the negative of the upper half of `pixels` likelier than itself."""
    codec = ImageCodec.of(model.shape)
    order = np.array(generation_order(model.settings, model.shape.layout))
    both = np.stack([pixels, negative(pixels, codec)]).reshape(2, -1)
    ids = np.hstack([np.full((2, 1), codec.class_id(label)), both[:, order]])
    device = next(model.parameters()).device
    batch = torch.from_numpy(ids).to(device)
    with torch.no_grad():
        nats = model.nats(batch[:, :-1], batch[:, 1:]).cpu().numpy()
    of_half = nats[:, order < codec.dimensions // 2].sum(axis=1)
    return bool(of_half[1] < of_half[0])


def enlarged(png: bytes, columns: int) -> bytes:
    """Enlarge a PNG of so many columns of images, until each is MIN_WIDTH pixels wide or more."""
    picture = Image.open(io.BytesIO(png))
    factor = math.ceil(MIN_WIDTH * columns / picture.width)
    if factor == 1:
        return png
    file = io.BytesIO()
    size = (picture.width * factor, picture.height * factor)
    picture.resize(size, Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


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

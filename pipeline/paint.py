"""Paint with a trained run: images of a class, or other lower halves for a picture.

    python -m pipeline.paint --run image_local_2d --class 7 --count 16 -o digits.png
    python -m pipeline.paint --run image_local_2d --class 7 --complete picture.png -o completed.png

Needs runs/<run>/model: run `dvc repro train@<run>` or `dvc pull` first. The picture on disk grows
while images are finished.
"""

import argparse
import io
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from torch import nn

from pipeline import config
from pipeline.console import exit_on_error
from pipeline.decoding.sampling import TO_SAMPLE
from pipeline.errors import ConfigError, DataError
from pipeline.files import write_atomically
from pipeline.machine import to_use
from pipeline.sampling_options import add_sampling_options, chosen, positive
from pipeline.settings.base import Sampling
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.decoding.decode import GAP, draw, png_grid, shades
from pipeline.tasks.image.encoding.picture import (
    MAX_FILE_BYTES,
    PictureError,
    quantised,
    read_picture,
)
from pipeline.tasks.image.settings import ImageRun
from pipeline.trained import load_model

AT_ONCE = 4  # images drawn together: more are faster, and the first is seen later


class Painter:
    """A trained network and how it draws."""

    def __init__(self, model: nn.Module, sampling: Sampling) -> None:
        self._model, self._sampling = model, sampling
        self.codec = ImageCodec.of(model.shape)

    def paint(self, label: int, count: int) -> Iterator[np.ndarray]:
        """Yield the finished images (image, height, width, channels) of a class, more each time."""
        return self._draw(label, np.full(self.codec.size, TO_SAMPLE), count)

    def complete(self, label: int, pixels: np.ndarray, count: int) -> Iterator[np.ndarray]:
        """The same with the upper half of `pixels` (height, width, channels) kept.

        First comes what is given.
        """
        known = pixels.astype(np.int64)
        known[self.codec.height // 2 :] = TO_SAMPLE
        for finished in self._draw(label, known, count):
            yield np.concatenate((known[None], finished))

    def _draw(self, label: int, known: np.ndarray, count: int) -> Iterator[np.ndarray]:
        finished = known[None][:0]
        for first in range(0, count, AT_ONCE):
            batch = min(AT_ONCE, count - first)
            seed = int(np.random.SeedSequence([self._sampling.seed, first]).generate_state(1)[0])
            drawn = draw(
                self._model,
                self.codec,
                np.full(batch, label),
                np.repeat(known[None], batch, axis=0),
                self._sampling.model_copy(update={"seed": seed}),
            )
            finished = np.concatenate((finished, drawn))
            yield finished


def main(arguments: argparse.Namespace) -> None:
    """Paint with the run `arguments.run` of params.yaml."""
    name, path = arguments.run, arguments.output
    run = config.run_of(config.load(), name)
    if not isinstance(run, ImageRun):
        raise ConfigError(f"{config.PARAMS}: runs.{name}.task = {run.task} does not paint")
    if run.decoding.samples_per_class is None:
        raise ConfigError(
            f"{config.PARAMS}: runs.{name} enlarges images (model.super_resolution), it does not "
            "paint"
        )
    if path.suffix != ".png":
        raise ConfigError(f"-o {path}: what is written is a PNG; give the name the end .png")
    sampling = chosen(run.decoding.sampling, arguments)
    painter = Painter(load_model(name, to_use(name, run.training)), sampling)
    label = check_class(arguments.label, painter.codec.classes)
    _say(f"{name}: {run.title}, trained on {run.dataset}")
    if arguments.complete is None:
        growing = painter.paint(label, arguments.count)
    else:
        pixels = fitting_pixels(arguments.complete, painter.codec, _say)
        growing = painter.complete(label, pixels, arguments.count)
    cells = arguments.count + (arguments.complete is not None)
    for images in growing:
        write_atomically(path, png_grid(arrange(shades(images, painter.codec), cells)))
        _say(f"{path}: {len(images)} of {cells}")


def fitting_pixels(path: Path, codec: ImageCodec, say: Callable[[str], None]) -> np.ndarray:
    """Read any picture as intensities (height, width, channels); `say` what was converted.

    Cut to the format of the codec's images, averaged to their size, and rounded to their levels.
    Raises DataError if it is no picture, too large a file, or one whose brightness has no clear
    meaning.
    """
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    try:
        picture = read_picture(content, codec.channels)
    except PictureError as error:
        raise DataError(f"{path}: {error}; give another picture") from None
    done = []
    if Image.open(io.BytesIO(content)).mode != picture.mode:
        done.append("made grey" if codec.channels == 1 else "made RGB")
    size = (codec.width, codec.height)
    if picture.size != size:
        sizes = [f"{width} x {height}" for width, height in (picture.size, size)]
        done.append(f"{sizes[0]} pixels cut and averaged to {sizes[1]}")
        picture = ImageOps.fit(picture, size, Image.Resampling.BOX)
    exact = np.asarray(picture).reshape(codec.size)
    pixels = quantised(exact, codec.levels).astype(np.int64)
    if not np.array_equal(shades(pixels, codec), exact):
        done.append(f"rounded to {codec.levels} levels")
    if done:
        say(f"{path}: {', '.join(done)}")
    return pixels


def check_class(label: int | None, classes: int) -> int:
    """The class to paint; ConfigError if the network does not know it. One that is alone is 0."""
    if label is None and classes == 1:
        return 0
    if label is None or not 0 <= label < classes:
        given = "is missing" if label is None else f"{label} does not exist"
        raise ConfigError(f"--class {given}: the run was trained on the classes 0 to {classes - 1}")
    return label


def arrange(cells: np.ndarray, count: int) -> np.ndarray:
    """Lay cells (cell, ...), the first of `count`, into rows: (row, column, ...)."""
    columns = math.isqrt(count - 1) + 1
    rows = -(-count // columns)
    page = np.full((rows * columns, *cells.shape[1:]), GAP, np.uint8)
    page[: len(cells)] = cells
    return page.reshape(rows, columns, *cells.shape[1:])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="a key of runs in params.yaml")
    parser.add_argument("--class", dest="label", type=int, help="of the images, as in the data")
    parser.add_argument("--count", type=positive, default=16, help="images to draw (16)")
    parser.add_argument("--complete", type=Path, help="a picture whose upper half is kept")
    add_sampling_options(parser)
    parser.add_argument("-o", dest="output", type=Path, required=True, help="the PNG to write")
    return parser


if __name__ == "__main__":
    arguments = _parser().parse_args()
    exit_on_error(lambda: main(arguments))

"""Images of every class, and test images of which a part is drawn anew, as grids of pixels."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from models.shared.base import AutoregressiveModel
from models.shared.order import generation_order, super_resolution_factor
from pipeline.console import Progress
from pipeline.corpus import read_sequences
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.errors import ConfigError
from pipeline.files import write_atomically, write_json
from pipeline.settings.base import Sampling
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.settings import ImageDecoding

_AT_ONCE = 100  # images of classes drawn side by side, unless one has more: what memory holds
_SHOWN = 10  # rows of a grid of completions, at most
_BLOCK = 4  # a pixel of an image is so many pixels of a grid, high and wide
GAP = 128  # gaps, and pixels that are not given


def decode(
    model: AutoregressiveModel, encoded: Path, samples: Path, decoding: ImageDecoding
) -> None:
    """Write grids of images as they are finished, and samples.json, which says what they show.

    These are completions.png, completions.npy with the same images (temperature, image, completion,
    height, width, channels), and conditional.png if images are drawn for classes. ConfigError if
    there are fewer test images than are to be completed.
    """
    codec = ImageCodec.of(model.shape)
    test = read_sequences(encoded, "test", "pixels")
    if decoding.completed_images > len(test):
        raise ConfigError(
            f"decoding.completed_images = {decoding.completed_images}, but the test split has "
            f"{len(test)}; lower it"
        )
    grids = {}
    if decoding.samples_per_class is not None:
        grids["conditional"] = _write_conditional(model, codec, samples, decoding)
    grids["completions"] = _write_completions(model, codec, test.rows(), samples, decoding)
    write_json(samples / "samples.json", grids)


def draw(
    model: AutoregressiveModel,
    codec: ImageCodec,
    labels: np.ndarray,
    known: np.ndarray,
    sampling: Sampling,
    source: np.ndarray | None = None,
) -> np.ndarray:
    """Draw what is TO_SAMPLE of `known` (image, height, width, channels), given the rest of it.

    Intensities are drawn in the network's generation order, each given the known and drawn ones
    before it. `source` (source, ids) is that of super-resolution; the images of one lie side by
    side. Returns intensities (image, height, width, channels).
    """
    order = generation_order(model.settings, model.shape.layout)
    classes = np.array([[codec.class_id(int(label))] for label in labels])
    template = np.hstack([classes, known.reshape(len(known), -1)[:, order]])
    device = next(model.parameters()).device
    progress = Progress("intensities", codec.dimensions)
    read = None if source is None else torch.from_numpy(source).to(device)
    filled = fill(model, torch.from_numpy(template).to(device), sampling, progress, read)
    filled = filled.cpu().numpy()
    raster = np.empty_like(filled[:, 1:])
    raster[:, order] = filled[:, 1:]
    return raster.reshape(known.shape)


def _write_conditional(
    model: AutoregressiveModel, codec: ImageCodec, samples: Path, decoding: ImageDecoding
) -> dict[str, Any]:
    columns, sampling = decoding.samples_per_class, decoding.sampling
    images = np.full((codec.classes, columns, *codec.size), TO_SAMPLE)
    at_once = max(1, _AT_ONCE // columns)
    for first in range(0, codec.classes, at_once):
        group = images[first : first + at_once]
        labels = np.arange(first, first + len(group)).repeat(columns)
        own = sampling.model_copy(update={"seed": sampling.seed + first})
        known = group.reshape(-1, *codec.size)
        group[:] = draw(model, codec, labels, known, own).reshape(group.shape)
        write_atomically(samples / "conditional.png", png_grid(shades(images, codec)))
    return {
        "file": "conditional.png",
        "rows": codec.classes,
        "columns": columns,
        "row_classes": list(range(codec.classes)),
        "temperature": decoding.sampling.temperature,
    }


def _write_completions(
    model: AutoregressiveModel,
    codec: ImageCodec,
    test: np.ndarray,
    samples: Path,
    decoding: ImageDecoding,
) -> dict[str, Any]:
    rows, columns = decoding.completed_images, decoding.completions_per_image
    labels, pixels = codec.decode_all(test[:rows])
    original = pixels.astype(np.int64)
    given = _given(codec, original, super_resolution_factor(model.settings))
    temperatures = decoding.completion_temperatures
    drawn = np.full((len(temperatures), rows, columns, *codec.size), TO_SAMPLE)
    shown = {"original": original, **given.shown}
    beside = [shades(images[:_SHOWN, None], codec) for images in shown.values()]
    for temperature, images in zip(temperatures, drawn, strict=True):
        # Not in groups of _AT_ONCE: one generator draws for all of them, in turn at each position.
        images[:] = draw(
            model,
            codec,
            labels.repeat(columns),
            given.known.repeat(columns, axis=0),
            decoding.sampling.model_copy(update={"temperature": temperature}),
            given.source,
        ).reshape(images.shape)
        grid = np.concatenate([*beside, *shades(drawn[:, :_SHOWN], codec)], axis=1)
        write_atomically(samples / "completions.png", png_grid(grid))
    np.save(samples / "completions.npy", drawn.astype(np.uint8))
    titles = [f"at {temperature}" for temperature in temperatures]
    return {
        "file": "completions.png",
        "rows": grid.shape[0],
        "columns": grid.shape[1],
        "column_titles": [*shown, *np.repeat(titles, columns).tolist()],
        "row_classes": labels[:_SHOWN].tolist(),
        "temperatures": temperatures,
    }


@dataclass(frozen=True)
class Given:
    """What a network is given of images, and how that is shown."""

    known: np.ndarray  # (image, height, width, channels), TO_SAMPLE where it is not given
    source: np.ndarray | None  # (image, ids)
    shown: dict[str, np.ndarray]  # title to (image, height, width, channels)


def _given(codec: ImageCodec, original: np.ndarray, factor: int | None) -> Given:
    """The upper half of each image, or the image made smaller."""
    known = original.copy()
    if factor is None:
        known[:, codec.height // 2 :] = TO_SAMPLE
        return Given(known, None, {"given": known})
    known[:] = TO_SAMPLE
    smaller = codec.reduce(original, factor)
    shown = {
        "given": smaller.repeat(factor, axis=1).repeat(factor, axis=2),
        "bicubic": codec.interpolate(smaller),
    }
    return Given(known, codec.sources(original, factor), shown)


def shades(pixels: np.ndarray, codec: ImageCodec) -> np.ndarray:
    """Intensities to 0..255; TO_SAMPLE, which is not known, to the grey of the gaps."""
    shade = np.rint(pixels * (255 / (codec.levels - 1)))
    return np.where(pixels == TO_SAMPLE, GAP, shade).astype(np.uint8)


def png_grid(cells: np.ndarray) -> bytes:
    """Return PNG bytes of `cells` (row, column, height, width, channel), 0..255, with gaps."""
    rows, columns, height, width, channels = cells.shape
    padded = np.full((rows, columns, height + 1, width + 1, channels), GAP, np.uint8)
    padded[:, :, :height, :width] = cells
    page = padded.swapaxes(1, 2).reshape(rows * (height + 1), columns * (width + 1), channels)
    enlarged = page[:-1, :-1].repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)
    file = io.BytesIO()
    Image.fromarray(enlarged[..., 0] if channels == 1 else enlarged).save(file, "PNG")
    return file.getvalue()

"""Samples images of every class and completions of test images, as grids."""

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
from pipeline.decoding.fill import Fill, fill_of, write_blocks_of
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.errors import ConfigError
from pipeline.files import write_atomically, write_json
from pipeline.settings.base import Sampling
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.settings import ImageDecoding

_BATCH_IMAGES = 100  # class-conditional images per batch, in whole classes, to limit memory
_MAX_ROWS = 10  # of a grid of completions
_SCALE = 4  # height and width of an image pixel in a grid, in pixels
GAP = 128  # grey of gaps and of unknown pixels


def decode(
    model: AutoregressiveModel, encoded: Path, samples: Path, decoding: ImageDecoding
) -> ImageDecoding:
    """Write grids of images as batches are finished, and their description, samples.json.

    completions.png; completions.npy with the same images (temperature, image, completion, height,
    width, channels); and conditional.png, unless `samples_per_class` is null. ConfigError if the
    test split has fewer images than `completed_images`. Returns
    how earlier weights of the run are decoded: alike.
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
    fill = fill_of(decoding.method)
    grids["completions"] = _write_completions(model, codec, test.rows(), samples, decoding, fill)
    write_json(samples / "samples.json", grids)
    write_blocks_of(fill, samples)
    return decoding


def sample_images(
    model: AutoregressiveModel,
    codec: ImageCodec,
    labels: np.ndarray,
    known: np.ndarray,
    sampling: Sampling,
    source: np.ndarray | None = None,
    fill: Fill = fill,
) -> np.ndarray:
    """Sample what is TO_SAMPLE in `known` (image, height, width, channels), given the rest.

    Intensities are sampled in the generation order of the model, conditional on the known and the
    sampled ones before them. `source` (source, id) holds the sources of super-resolution; the
    images of a source are consecutive. Returns intensities (image, height, width, channels).
    """
    order = generation_order(model.settings, model.shape.layout)
    classes = np.array([[codec.class_id(int(label))] for label in labels])
    template = np.hstack([classes, known.reshape(len(known), -1)[:, order]])
    device = next(model.parameters()).device
    progress = Progress("intensities", codec.dimensions)
    source_ids = None if source is None else torch.from_numpy(source).to(device)
    filled = fill(model, torch.from_numpy(template).to(device), sampling, progress, source_ids)
    filled = filled.cpu().numpy()
    raster = np.empty_like(filled[:, 1:])
    raster[:, order] = filled[:, 1:]
    return raster.reshape(known.shape)


def _write_conditional(
    model: AutoregressiveModel, codec: ImageCodec, samples: Path, decoding: ImageDecoding
) -> dict[str, Any]:
    columns, sampling, fill = (
        decoding.samples_per_class,
        decoding.sampling,
        fill_of(decoding.method),
    )
    images = np.full((codec.classes, columns, *codec.size), TO_SAMPLE)
    batch_classes = max(1, _BATCH_IMAGES // columns)
    for first in range(0, codec.classes, batch_classes):
        group = images[first : first + batch_classes]
        labels = np.arange(first, first + len(group)).repeat(columns)
        seeded = sampling.model_copy(update={"seed": sampling.seed + first})
        known = group.reshape(-1, *codec.size)
        found = sample_images(model, codec, labels, known, seeded, fill=fill)
        group[:] = found.reshape(group.shape)
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
    fill: Fill,
) -> dict[str, Any]:
    rows, columns = decoding.completed_images, decoding.completions_per_image
    labels, pixels = codec.decode_all(test[:rows])
    original = pixels.astype(np.int64)
    given = _given(codec, original, super_resolution_factor(model.settings))
    temperatures = decoding.completion_temperatures
    completions = np.full((len(temperatures), rows, columns, *codec.size), TO_SAMPLE)
    shown = {"original": original, **given.shown}
    inputs = [shades(images[:_MAX_ROWS, None], codec) for images in shown.values()]
    for temperature, images in zip(temperatures, completions, strict=True):
        # Not in batches: the same random generator serves all images of a temperature.
        images[:] = sample_images(
            model,
            codec,
            labels.repeat(columns),
            given.known.repeat(columns, axis=0),
            decoding.sampling.model_copy(update={"temperature": temperature}),
            given.source,
            fill,
        ).reshape(images.shape)
        grid = np.concatenate([*inputs, *shades(completions[:, :_MAX_ROWS], codec)], axis=1)
        write_atomically(samples / "completions.png", png_grid(grid))
    np.save(samples / "completions.npy", completions.astype(np.uint8))
    titles = [f"at {temperature}" for temperature in temperatures]
    return {
        "file": "completions.png",
        "rows": grid.shape[0],
        "columns": grid.shape[1],
        "column_titles": [*shown, *np.repeat(titles, columns).tolist()],
        "row_classes": labels[:_MAX_ROWS].tolist(),
        "temperatures": temperatures,
    }


@dataclass(frozen=True)
class Given:
    """The inputs of completions, and how they are shown."""

    known: np.ndarray  # (image, height, width, channels), TO_SAMPLE where unknown
    source: np.ndarray | None  # (image, id)
    shown: dict[str, np.ndarray]  # (image, height, width, channels), by title


def _given(codec: ImageCodec, original: np.ndarray, factor: int | None) -> Given:
    """Return the upper half of each image or, with a super-resolution factor, its source."""
    known = original.copy()
    if factor is None:
        known[:, codec.height // 2 :] = TO_SAMPLE
        return Given(known, None, {"given": known})
    known[:] = TO_SAMPLE
    smaller = codec.downsample(original, factor)
    shown = {
        "given": smaller.repeat(factor, axis=1).repeat(factor, axis=2),
        "bicubic": codec.upsample(smaller),
    }
    return Given(known, codec.sources(original, factor), shown)


def shades(pixels: np.ndarray, codec: ImageCodec) -> np.ndarray:
    """Scale intensities to 0..255, and TO_SAMPLE to the grey of gaps."""
    shade = np.rint(pixels * (255 / (codec.levels - 1)))
    return np.where(pixels == TO_SAMPLE, GAP, shade).astype(np.uint8)


def png_grid(cells: np.ndarray) -> bytes:
    """Return a PNG of `cells` (row, column, height, width, channels), 0..255, with gaps between."""
    rows, columns, height, width, channels = cells.shape
    padded = np.full((rows, columns, height + 1, width + 1, channels), GAP, np.uint8)
    padded[:, :, :height, :width] = cells
    page = padded.swapaxes(1, 2).reshape(rows * (height + 1), columns * (width + 1), channels)
    enlarged = page[:-1, :-1].repeat(_SCALE, axis=0).repeat(_SCALE, axis=1)
    file = io.BytesIO()
    Image.fromarray(enlarged[..., 0] if channels == 1 else enlarged).save(file, "PNG")
    return file.getvalue()

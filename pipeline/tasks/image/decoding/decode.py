"""Images of every class, and the lower halves of test images drawn anew, as grids of pixels."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from models.network import pixel_order
from pipeline.console import Progress
from pipeline.corpus import read_sequences
from pipeline.decoding.sampling import DRAWN, fill
from pipeline.errors import ConfigError
from pipeline.files import write_atomically, write_json
from pipeline.settings.base import Sampling
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.settings import ImageDecoding

_BLOCK = 4  # a pixel of an image is so many pixels of a grid, high and wide
GAP = 128  # gaps, and pixels that are not given


def decode(model: nn.Module, encoded: Path, samples: Path, decoding: ImageDecoding) -> None:
    """Write conditional.png, completions.png and samples.json, which says what the grids show."""
    codec = ImageCodec.of(model.shape)
    write_json(
        samples / "samples.json",
        {
            "conditional": _write_conditional(model, codec, samples, decoding),
            "completions": _write_completions(model, codec, encoded, samples, decoding),
        },
    )


def draw(
    model: nn.Module, codec: ImageCodec, labels: np.ndarray, known: np.ndarray, sampling: Sampling
) -> np.ndarray:
    """Draw what is DRAWN of `known` (image, height, width, channels), given the rest of it.

    Intensities are drawn in the order of the model's locality: each sees the known and drawn ones
    before it in that order. Returns intensities (image, height, width, channels).
    """
    order = pixel_order(model.settings, model.shape)
    classes = np.array([[codec.class_id(int(label))] for label in labels])
    template = np.hstack([classes, known.reshape(len(known), -1)[:, order]])
    device = next(model.parameters()).device
    progress = Progress("intensities", codec.dimensions)
    filled = fill(model, torch.from_numpy(template).to(device), sampling, progress).cpu().numpy()
    raster = np.empty_like(filled[:, 1:])
    raster[:, order] = filled[:, 1:]
    return raster.reshape(known.shape)


def _write_conditional(
    model: nn.Module, codec: ImageCodec, samples: Path, decoding: ImageDecoding
) -> dict[str, Any]:
    columns = decoding.samples_per_class
    labels = np.repeat(np.arange(codec.classes), columns)
    known = np.full((len(labels), *codec.size), DRAWN)
    drawn = draw(model, codec, labels, known, decoding.sampling)
    cells = shades(drawn, codec).reshape(codec.classes, columns, *codec.size)
    write_atomically(samples / "conditional.png", png_grid(cells))
    return {
        "file": "conditional.png",
        "rows": codec.classes,
        "columns": columns,
        "row_classes": list(range(codec.classes)),
        "temperature": decoding.sampling.temperature,
    }


def _write_completions(
    model: nn.Module, codec: ImageCodec, encoded: Path, samples: Path, decoding: ImageDecoding
) -> dict[str, Any]:
    rows, columns = decoding.completed_images, decoding.completions_per_image
    test = read_sequences(encoded, "test", "pixels")
    if rows > len(test):
        raise ConfigError(
            f"completed_images = {rows}, but the test split has {len(test)}; lower it"
        )
    decoded = [codec.decode(test[row]) for row in range(rows)]
    labels = np.array([label for label, _ in decoded])
    original = np.stack([pixels for _, pixels in decoded]).astype(np.int64)
    known = original.copy()
    known[:, codec.height // 2 :] = DRAWN
    drawn = draw(
        model, codec, labels.repeat(columns), known.repeat(columns, axis=0), decoding.sampling
    )
    cells = np.concatenate(
        [
            shades(original, codec)[:, None],
            shades(known, codec)[:, None],
            shades(drawn, codec).reshape(rows, columns, *codec.size),
        ],
        axis=1,
    )
    write_atomically(samples / "completions.png", png_grid(cells))
    return {
        "file": "completions.png",
        "rows": rows,
        "columns": columns + 2,
        "column_titles": ["original", "given"] + ["completion"] * columns,
        "row_classes": labels.tolist(),
        "temperature": decoding.sampling.temperature,
    }


def shades(pixels: np.ndarray, codec: ImageCodec) -> np.ndarray:
    """Intensities to 0..255; DRAWN, which is not known, to the grey of the gaps."""
    shade = np.rint(pixels * (255 / (codec.levels - 1)))
    return np.where(pixels == DRAWN, GAP, shade).astype(np.uint8)


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

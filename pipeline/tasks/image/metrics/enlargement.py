"""Super-resolution beside bicubic interpolation: likelihood, distance to the truth, diversity."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.transformer.logistic_mixture import log_masses, scaled
from pipeline.files import read_json
from pipeline.tasks.image.codec import ImageCodec

_DIGITS = 6
LOG_SCALES = torch.linspace(-7.0, 1.0, 161, dtype=torch.float64)


def measure_enlargements(
    samples: Path, test: np.ndarray, reduction: int, codec: ImageCodec
) -> tuple[float, dict[str, Any]]:
    """The PSNR of interpolation for the images that were enlarged, and what was measured of them.

    That is `measure` at the first temperature, and at each of them.
    """
    drawn = np.load(samples / "completions.npy", allow_pickle=False)
    temperatures = read_json(samples / "samples.json")["completions"]["temperatures"]
    original = test[: drawn.shape[1]].astype(np.int64)
    by_temperature = [measure(original, images, codec) for images in drawn]
    each = zip(temperatures, by_temperature, strict=True)
    measured = {
        **by_temperature[0],
        "enlarged_images": len(original),
        "by_temperature": [{"temperature": temperature, **found} for temperature, found in each],
    }
    interpolated = codec.interpolate(codec.reduce(original, reduction))
    return psnr(original, interpolated, codec), measured


def measure(original: np.ndarray, drawn: np.ndarray, codec: ImageCodec) -> dict[str, float]:
    """Measure `drawn` (image, sample, ...) of the images `original` (image, ...).

    `psnr` is that of a sample, `psnr_of_mean` that of the mean of all samples of an image, and
    `diversity` the standard deviation of an intensity among the samples of an image, its mean over
    all intensities as a share of their range.
    """
    deviation = drawn.std(axis=1).mean() / (codec.levels - 1)
    return {
        "psnr": round(psnr(original[:, None], drawn, codec), _DIGITS),
        "psnr_of_mean": round(psnr(original, drawn.mean(axis=1), codec), _DIGITS),
        "diversity": round(float(deviation), _DIGITS),
    }


def psnr(original: np.ndarray, other: np.ndarray, codec: ImageCodec) -> float:
    """Peak signal to noise in decibels, of the mean squared error over all images.

    An error of one level in one intensity is counted at least, so that it is finite.
    """
    squares = (other.astype(np.float64) - original) ** 2
    return 10 * math.log10((codec.levels - 1) ** 2 * squares.size / max(squares.sum(), 1.0))


def bicubic_bits(train: np.ndarray, test: np.ndarray, reduction: int, codec: ImageCodec) -> float:
    """Bits per dimension of `test` (image, ...) under a logistic around the interpolation.

    Its mean is the interpolated intensity; its one scale is the likeliest for `train`. Both are
    counted first, how often which intensity stands where which was interpolated.
    """
    counts, test_counts = (_pairs(pixels, reduction, codec) for pixels in (train, test))
    levels = torch.arange(codec.levels)
    means = scaled(levels, codec.levels, torch.float64).expand(len(LOG_SCALES), -1)
    log_scales = LOG_SCALES[:, None].expand_as(means)
    masses = log_masses(means, log_scales, codec.levels)  # (scale, interpolated, level)
    best = (masses * counts).sum(dim=(1, 2)).argmax()
    return float(-(masses[best] * test_counts).sum() / test_counts.sum() / math.log(2))


def _pairs(pixels: np.ndarray, reduction: int, codec: ImageCodec) -> torch.Tensor:
    """How often each level stands where another is interpolated: (interpolated, level)."""
    interpolated = codec.interpolate(codec.reduce(pixels, reduction))
    pairs = interpolated.ravel() * codec.levels + pixels.ravel()
    counts = np.bincount(pairs, minlength=codec.levels**2)
    return torch.from_numpy(counts).double().view(codec.levels, codec.levels)

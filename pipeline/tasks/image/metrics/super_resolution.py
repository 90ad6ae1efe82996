"""Super-resolution beside bicubic interpolation: likelihood, distance to the truth, diversity."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.shared.logistic import log_masses, scaled
from pipeline.files import read_json
from pipeline.statistics.compute import ratio
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.metrics.statistics import DIVERSITY, PSNR, PSNR_OF_MEAN, psnr

_DIGITS = 6
LOG_SCALES = torch.linspace(-7.0, 1.0, 161, dtype=torch.float64)


@dataclass(frozen=True)
class Enlargements:
    """What was measured of the first test images, those that were enlarged."""

    metrics: dict[str, Any]  # at the first temperature, and by temperature
    bicubic_psnr: float  # of the interpolation of the same images
    statistics: dict[str, np.ndarray]  # at the first temperature, (image,) of all test images


def measure_enlargements(
    samples: Path, test: np.ndarray, reduction: int, codec: ImageCodec
) -> Enlargements:
    """Measure what was drawn of the images `test` (image, ...), beside interpolation."""
    drawn = np.load(samples / "completions.npy", allow_pickle=False)
    temperatures = read_json(samples / "samples.json")["completions"]["temperatures"]
    original = test[: drawn.shape[1]].astype(np.int64)
    statistics = [statistics_of(original, images, codec) for images in drawn]
    by_temperature = [measure(each) for each in statistics]
    each = zip(temperatures, by_temperature, strict=True)
    metrics = {
        **by_temperature[0],
        "enlarged_images": len(original),
        "by_temperature": [{"temperature": temperature, **found} for temperature, found in each],
    }
    interpolated = codec.interpolate(codec.reduce(original, reduction))
    bicubic = _signal_and_noise(original, interpolated, codec)
    not_enlarged = np.zeros(len(test) - len(original), np.int64)
    return Enlargements(
        metrics,
        float(psnr(_sums(bicubic))),
        {name: np.concatenate([each, not_enlarged]) for name, each in statistics[0].items()},
    )


def statistics_of(
    original: np.ndarray, drawn: np.ndarray, codec: ImageCodec
) -> dict[str, np.ndarray]:
    """The statistics (image,) of `drawn` (image, sample, ...) of the images `original`."""
    deviations = drawn.std(axis=1).reshape(len(drawn), -1) / (codec.levels - 1)
    intensities = np.full(len(drawn), deviations.shape[1])
    arrays = {
        PSNR: _signal_and_noise(original[:, np.newaxis], drawn, codec),
        PSNR_OF_MEAN: _signal_and_noise(original, drawn.mean(axis=1), codec),
        DIVERSITY: (deviations.sum(axis=1), intensities),
    }
    return {
        name: values
        for names, of_metric in arrays.items()
        for name, values in zip(names, of_metric, strict=True)
    }


def measure(statistics: dict[str, np.ndarray]) -> dict[str, float]:
    """The metrics of enlarged images from their statistics (image,).

    `psnr` is that of a sample, `psnr_of_mean` that of the mean of all samples of an image, and
    `diversity` the standard deviation of an intensity among the samples of an image, its mean over
    all intensities as a share of their range.
    """
    metrics = {"psnr": (PSNR, psnr), "psnr_of_mean": (PSNR_OF_MEAN, psnr)}
    metrics["diversity"] = (DIVERSITY, ratio)
    return {
        key: round(float(compute(_sums(statistics[name] for name in names))), _DIGITS)
        for key, (names, compute) in metrics.items()
    }


def _signal_and_noise(
    original: np.ndarray, other: np.ndarray, codec: ImageCodec
) -> tuple[np.ndarray, np.ndarray]:
    """The statistics of the peak signal-to-noise ratio, (image,) each."""
    errors = (other - original).reshape(len(other), -1)
    peak = np.full(len(other), (codec.levels - 1) ** 2 * errors.shape[1])
    return peak, (errors**2).sum(axis=1)


def _sums(statistics: Iterable[np.ndarray]) -> np.ndarray:
    return np.array([values.sum() for values in statistics])


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

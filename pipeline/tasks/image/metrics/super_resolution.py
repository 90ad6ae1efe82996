"""Super-resolution and bicubic interpolation: PSNR, diversity of the samples, likelihood."""

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
from pipeline.tasks.image.metrics.statistics import (
    BICUBIC_PSNR,
    DIVERSITY,
    PSNR,
    PSNR_OF_MEAN,
    psnr,
)

_DIGITS = 6
LOG_SCALES = torch.linspace(-7.0, 1.0, 161, dtype=torch.float64)


@dataclass(frozen=True)
class SuperResolution:
    """Measurements of the enlarged images, the first ones of the test split."""

    metrics: dict[str, Any]  # at the first temperature, and `by_temperature`
    bicubic_psnr: float  # of the same images
    statistics: dict[str, np.ndarray]  # at the first temperature; (image,) of all test images


def measure_super_resolution(
    samples: Path, test: np.ndarray, factor: int, codec: ImageCodec
) -> SuperResolution:
    """Compare samples and bicubic interpolation with the images `test` (image, ...)."""
    enlarged = np.load(samples / "completions.npy", allow_pickle=False)
    temperatures = read_json(samples / "samples.json")["completions"]["temperatures"]
    original = test[: enlarged.shape[1]].astype(np.int64)
    statistics = [statistics_of(original, images, codec) for images in enlarged]
    measured = [measure(table) for table in statistics]
    metrics = {
        **measured[0],
        "enlarged_images": len(original),
        "by_temperature": [
            {"temperature": temperature, **values}
            for temperature, values in zip(temperatures, measured, strict=True)
        ],
    }
    interpolated = codec.upsample(codec.downsample(original, factor))
    bicubic = _peaks_and_errors(original, interpolated, codec)
    others = np.zeros(len(test) - len(original), np.int64)
    return SuperResolution(
        metrics,
        float(psnr(_sums(bicubic))),
        {
            name: np.concatenate([values, others])
            for name, values in (statistics[0] | {BICUBIC_PSNR[1]: bicubic[1]}).items()
        },
    )


def statistics_of(
    original: np.ndarray, enlarged: np.ndarray, codec: ImageCodec
) -> dict[str, np.ndarray]:
    """Compute the statistics (image,) of `enlarged` (image, sample, ...), samples of `original`."""
    deviations = enlarged.std(axis=1).reshape(len(enlarged), -1) / (codec.levels - 1)
    intensities = np.full(len(enlarged), deviations.shape[1])
    arrays = {
        PSNR: _peaks_and_errors(original[:, np.newaxis], enlarged, codec),
        PSNR_OF_MEAN: _peaks_and_errors(original, enlarged.mean(axis=1), codec),
        DIVERSITY: (deviations.sum(axis=1), intensities),
    }
    return {
        name: values
        for names, columns in arrays.items()
        for name, values in zip(names, columns, strict=True)
    }


def measure(statistics: dict[str, np.ndarray]) -> dict[str, float]:
    """Compute the metrics of enlarged images from their statistics (image,).

    `psnr` is that of a sample, `psnr_of_mean` that of the mean of all samples of an image, and
    `diversity` the mean standard deviation of an intensity over the samples of an image, as a share
    of the range of intensities.
    """
    metrics = {"psnr": (PSNR, psnr), "psnr_of_mean": (PSNR_OF_MEAN, psnr)}
    metrics["diversity"] = (DIVERSITY, ratio)
    return {
        key: round(float(compute(_sums(statistics[name] for name in names))), _DIGITS)
        for key, (names, compute) in metrics.items()
    }


def _peaks_and_errors(
    original: np.ndarray, other: np.ndarray, codec: ImageCodec
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the statistics of `psnr`, (image,) each."""
    errors = (other - original).reshape(len(other), -1)
    peak = np.full(len(other), (codec.levels - 1) ** 2 * errors.shape[1])
    return peak, (errors**2).sum(axis=1)


def _sums(statistics: Iterable[np.ndarray]) -> np.ndarray:
    return np.array([values.sum() for values in statistics])


def bicubic_bits(train: np.ndarray, test: np.ndarray, factor: int, codec: ImageCodec) -> np.ndarray:
    """Compute the bits (image,) of `test` (image, ...) under a logistic around the interpolation.

    Its mean is the interpolated intensity; its one scale maximises the likelihood of `train`, which
    is first reduced to counts of (interpolated, true) intensities.
    """
    counts = _count_pairs(train, factor, codec)
    levels = torch.arange(codec.levels)
    means = scaled(levels, codec.levels, torch.float64).expand(len(LOG_SCALES), -1)
    log_scales = LOG_SCALES[:, None].expand_as(means)
    masses = log_masses(means, log_scales, codec.levels)  # (scale, interpolated, level)
    best = (masses * counts).sum(dim=(1, 2)).argmax()
    interpolated = codec.upsample(codec.downsample(test, factor))
    nats = -masses[best].numpy()[interpolated, test.astype(np.int64)]
    return nats.reshape(len(test), -1).sum(axis=1) / math.log(2)


def _count_pairs(pixels: np.ndarray, factor: int, codec: ImageCodec) -> torch.Tensor:
    """Count pairs of interpolated and true intensities: (interpolated, true)."""
    interpolated = codec.upsample(codec.downsample(pixels, factor))
    pairs = interpolated.ravel() * codec.levels + pixels.ravel()
    counts = np.bincount(pairs, minlength=codec.levels**2)
    return torch.from_numpy(counts).double().view(codec.levels, codec.levels)

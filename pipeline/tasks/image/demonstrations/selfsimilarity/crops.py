"""Non-local means on many crops of photographs, for a paired test."""

from collections.abc import Mapping

import numpy as np
import torch

from pipeline.tasks.image.demonstrations.selfsimilarity.nonlocal_means import (
    box_mean,
    nonlocal_means,
)
from pipeline.tasks.image.demonstrations.settings import Denoising
from pipeline.tasks.image.metrics.statistics import AVERAGED_PSNR, DENOISED_PSNR

_DIGITS = 4


def denoise_crops(
    photographs: Mapping[str, np.ndarray], denoising: Denoising, seed: int
) -> dict[str, dict[str, float]]:
    """Return the statistics of `DENOISED_PSNR` and `AVERAGED_PSNR` of each crop, by its name.

    Crops are squares of photographs (height, width, 3) that do not overlap. Errors are summed over
    the draws of noise. Raises ValueError if a photograph has too few squares.
    """
    random = np.random.default_rng([seed, 1])
    tests = denoising.tests
    statistics = {}
    for name, photograph in photographs.items():
        for top, left in _places(name, photograph, tests.size, tests.crops, random):
            crop = torch.from_numpy(
                photograph[top : top + tests.size, left : left + tests.size].astype(np.float64)
            )
            errors = np.zeros(2)
            for _ in range(tests.draws):
                noisy = crop + torch.from_numpy(random.normal(0.0, denoising.noise, crop.shape))
                restored = (
                    nonlocal_means(noisy, denoising.patch, denoising.bandwidth),
                    box_mean(noisy, denoising.patch),
                )
                errors += [float((image - crop).square().sum()) for image in restored]
            peak, denoised = DENOISED_PSNR
            statistics[f"{name}, {top}, {left}"] = {
                peak: 255.0**2 * crop.numel() * tests.draws,
                denoised: round(errors[0], _DIGITS),
                AVERAGED_PSNR[1]: round(errors[1], _DIGITS),
            }
    return statistics


def _places(
    name: str, photograph: np.ndarray, size: int, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw the upper left corners of `count` squares of a photograph that do not overlap."""
    rows, columns = (length // size for length in photograph.shape[:2])
    if rows * columns < count:
        raise ValueError(
            f"{name} has {rows * columns} squares of {size} pixels, fewer than crops = {count}; "
            "use smaller or fewer ones"
        )
    drawn = random.choice(rows * columns, count, replace=False)
    return [(int(square) // columns * size, int(square) % columns * size) for square in drawn]

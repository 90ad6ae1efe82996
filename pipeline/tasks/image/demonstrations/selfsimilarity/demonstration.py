"""The lecture's slide on self-similarity: non-local means and texture synthesis."""

import math
from typing import Any

import numpy as np
import torch

from pipeline.tasks.image.demonstrations.selfsimilarity.nonlocal_means import (
    box_mean,
    nonlocal_means,
    weights_of,
)
from pipeline.tasks.image.demonstrations.selfsimilarity.texture import synthesise
from pipeline.tasks.image.demonstrations.settings import SelfSimilarity

_DIGITS = 4


def demonstrate(
    piece: np.ndarray, sample: np.ndarray, settings: SelfSimilarity
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return figures (height, width[, 3]) of intensities 0..255 by name, and metrics.

    The metrics are the PSNR in dB of the noisy image, of its local mean, and of non-local means,
    and numbers of the attention weights that are drawn.
    """
    denoising = settings.denoising
    clean = torch.from_numpy(piece.astype(np.float64))
    noise = np.random.default_rng(settings.seed).normal(0.0, denoising.noise, piece.shape)
    noisy = clean + torch.from_numpy(noise)
    averaged = box_mean(noisy, denoising.patch)
    denoised = nonlocal_means(noisy, denoising.patch, denoising.bandwidth)
    texture = synthesise(
        sample.astype(np.float64),
        settings.texture.size,
        settings.texture.neighbourhood,
        settings.seed,
    )
    figures = {
        "original": clean.numpy(),
        "noisy": noisy.numpy(),
        "averaged": averaged.numpy(),
        "denoised": denoised.numpy(),
        "sample": sample,
        "texture": texture,
    }
    drawn = {}
    for number, quarter in enumerate((1, 2, 3), start=1):  # on the diagonal, chosen by no result
        row, column = (quarter * length // 4 for length in piece.shape[:2])
        weights = weights_of(noisy, denoising.patch, denoising.bandwidth, row, column).numpy()
        figures[f"weights_{number}"] = brightness(weights)
        drawn[f"weights_{number}"] = {
            "row": row,
            "column": column,
            "own": round(float(weights[row, column]), _DIGITS),
            "patches": round(perplexity(weights), 1),
        }
    restored = {"noisy": noisy, "averaged": averaged, "denoised": denoised}
    numbers = {name: round(psnr(clean, image), _DIGITS) for name, image in restored.items()}
    return figures, numbers | {"weights": drawn}


def brightness(weights: np.ndarray) -> np.ndarray:
    """Return intensities 0..255: the square root of weights, white from the second largest on.

    The largest is that of the query itself, whose patch differs from all others by their noise.
    """
    second = np.partition(weights, -2, axis=None)[-2]
    return 255 * np.sqrt(np.minimum(weights / second, 1.0))


def perplexity(weights: np.ndarray) -> float:
    """Return how many equal weights are as spread out: exp of the entropy."""
    positive = weights[weights > 0]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def psnr(clean: torch.Tensor, other: torch.Tensor) -> float:
    """Compute the peak signal-to-noise ratio in dB: 10 log10(255^2 / mean squared error)."""
    return 10 * math.log10(255**2 / (clean - other).square().mean().item())

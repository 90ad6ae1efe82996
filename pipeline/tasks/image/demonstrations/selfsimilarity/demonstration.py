"""The lecture's slide on self-similarity: non-local means and texture synthesis."""

import math

import numpy as np
import torch

from pipeline.tasks.image.demonstrations.selfsimilarity.nonlocal_means import (
    box_mean,
    nonlocal_means,
)
from pipeline.tasks.image.demonstrations.selfsimilarity.texture import synthesise
from pipeline.tasks.image.demonstrations.settings import SelfSimilarity

_DIGITS = 4


def demonstrate(
    piece: np.ndarray, sample: np.ndarray, settings: SelfSimilarity
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return figures (height, width, 3) of intensities 0..255 by name, and metrics.

    The metrics are the PSNR in dB of the noisy image, of its local mean, and of non-local means.
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
    restored = {"noisy": noisy, "averaged": averaged, "denoised": denoised}
    return figures, {name: round(psnr(clean, image), _DIGITS) for name, image in restored.items()}


def psnr(clean: torch.Tensor, other: torch.Tensor) -> float:
    """Compute the peak signal-to-noise ratio in dB: 10 log10(255^2 / mean squared error)."""
    return 10 * math.log10(255**2 / (clean - other).square().mean().item())

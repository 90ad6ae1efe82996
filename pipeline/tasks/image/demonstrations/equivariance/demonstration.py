"""Relative attention is translation equivariant, as convolution is; absolute positions are not."""

import numpy as np
import torch
from torch import Tensor

from pipeline.tasks.image.demonstrations.equivariance.networks import BLOCK, MARGIN, networks
from pipeline.tasks.image.demonstrations.equivariance.shifts import mirrored, paste, shifted
from pipeline.tasks.image.demonstrations.settings import Equivariance

_DIGITS = 6

Measured = dict[str, dict[str, dict[str, float]]]  # metrics by network and transformation


def demonstrate(
    piece: np.ndarray, settings: Equivariance
) -> tuple[dict[str, np.ndarray], dict[str, Measured]]:
    """Return figures (height, width) of intensities 0..255 by name, and metrics.

    `image` measures how much the features of networks change when piece (rows, columns, 3), in
    grey, is shifted by each of `settings.shifts` or mirrored; `sequence` uses its first row.
    """
    grey = torch.from_numpy(piece.mean(axis=2).round().astype(np.int64))
    max_shift = max(settings.shifts)
    canvas = _canvas(grey.shape[0], max_shift), _canvas(grey.shape[1], max_shift)
    figures = {
        "placed": paste(grey, canvas, MARGIN, MARGIN).numpy(),
        "moved": paste(grey, canvas, MARGIN + max_shift, MARGIN + max_shift).numpy(),
    }
    ids = grey + 1  # 0 is padding
    numbers = {
        "sequence": _measure(ids[:1], (1, canvas[1]), (0, MARGIN), settings),
        "image": _measure(ids, canvas, (MARGIN, MARGIN), settings),
    }
    return figures, numbers


def _measure(
    piece: Tensor, canvas: tuple[int, int], start: tuple[int, int], settings: Equivariance
) -> Measured:
    metrics = {}
    for name, network in networks(canvas, settings.seed).items():
        changes = {
            f"shift_{shift}": shifted(network, piece, canvas, start, shift)
            for shift in settings.shifts
        }
        changes["mirrored"] = mirrored(network, piece, canvas, start)
        metrics[name] = {
            transformation: {key: round(value, _DIGITS) for key, value in change.items()}
            for transformation, change in changes.items()
        }
    return metrics


def _canvas(size: int, shift: int) -> int:
    """Return the length of a canvas with margins on both sides, in whole blocks."""
    return -(-(size + shift + 2 * MARGIN) // BLOCK) * BLOCK

"""The lecture: relative attention commutes with shifts as convolution does; positions do not."""

import numpy as np
import torch
from torch import Tensor

from pipeline.tasks.image.demonstrations.equivariance.networks import BLOCK, REACH, networks
from pipeline.tasks.image.demonstrations.equivariance.shifts import mirrored, place, shifted
from pipeline.tasks.image.demonstrations.settings import Equivariance

_DIGITS = 6

Measured = dict[str, dict[str, dict[str, float]]]  # by network, by what was done


def demonstrate(
    piece: np.ndarray, settings: Equivariance
) -> tuple[dict[str, np.ndarray], dict[str, Measured]]:
    """Return figures (height, width) of intensities 0..255 by name, and the numbers.

    `image` has the networks on piece (rows, columns, 3), turned to grey, `sequence` on its first
    row: how much their features change when it is moved by each of `settings.shifts`, or mirrored.
    """
    grey = torch.from_numpy(piece.mean(axis=2).round().astype(np.int64))
    furthest = max(settings.shifts)
    image = _canvas(grey.shape[0], furthest), _canvas(grey.shape[1], furthest)
    figures = {
        "placed": place(grey, image, REACH, REACH).numpy(),
        "moved": place(grey, image, REACH + furthest, REACH + furthest).numpy(),
    }
    ids = grey + 1  # 0 is the empty canvas
    numbers = {
        "sequence": _measure(ids[:1], (1, image[1]), (0, REACH), settings),
        "image": _measure(ids, image, (REACH, REACH), settings),
    }
    return figures, numbers


def _measure(
    piece: Tensor, canvas: tuple[int, int], start: tuple[int, int], settings: Equivariance
) -> Measured:
    measured = {}
    for name, network in networks(canvas, settings.seed).items():
        found = {
            f"shift_{shift}": shifted(network, piece, canvas, start, shift)
            for shift in settings.shifts
        }
        found["mirrored"] = mirrored(network, piece, canvas, start)
        measured[name] = {
            done: {key: round(value, _DIGITS) for key, value in each.items()}
            for done, each in found.items()
        }
    return measured


def _canvas(size: int, shift: int) -> int:
    """Positions of a canvas with room on both sides, in whole blocks."""
    return -(-(size + shift + 2 * REACH) // BLOCK) * BLOCK

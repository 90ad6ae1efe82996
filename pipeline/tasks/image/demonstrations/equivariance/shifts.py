"""Translation equivariance: whether f(shift x) = shift f(x) for a network f.

The image x is a piece on a canvas of padding, which an encoder masks: a shifted piece has the same
surroundings.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from models.shared.base import PADDING

Network = Callable[[Tensor], Tensor]  # maps ids (height, width) to (height, width, feature)


def paste(piece: Tensor, canvas: tuple[int, int], top: int, left: int) -> Tensor:
    """Return the ids of a canvas (height, width) with piece (rows, columns) at (top, left)."""
    ids = torch.full(canvas, PADDING)
    ids[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    return ids


def shifted(
    network: Network, piece: Tensor, canvas: tuple[int, int], start: tuple[int, int], shift: int
) -> dict[str, float]:
    """Measure how much the features of `piece` change when it is shifted down and to the right.

    `start` is its first row and column on the canvas; on a canvas of one row it moves right only.
    """
    top, left = start
    down = shift if canvas[0] > 1 else 0
    before = _features(network, piece, canvas, top, left)
    return differences(before, _features(network, piece, canvas, top + down, left + shift))


def mirrored(
    network: Network, piece: Tensor, canvas: tuple[int, int], start: tuple[int, int]
) -> dict[str, float]:
    """Measure how much the features of each pixel change when `piece` is mirrored.

    They do not change if a network knows no positions.
    """
    before = _features(network, piece, canvas, *start)
    return differences(before, _features(network, piece.flip(1), canvas, *start).flip(1))


def differences(before: Tensor, after: Tensor) -> dict[str, float]:
    """Return mean and largest absolute difference, in standard deviations of `before`."""
    distances = (after - before).abs() / before.std()
    return {"mean": distances.mean().item(), "largest": distances.max().item()}


def _features(
    network: Network, piece: Tensor, canvas: tuple[int, int], top: int, left: int
) -> Tensor:
    features = network(paste(piece, canvas, top, left))
    return features[top : top + piece.shape[0], left : left + piece.shape[1]]

"""Translation equivariance: whether a network commutes with shifts, f(shift x) = shift f(x).

A picture is on an empty canvas, whose ids are 0: padding, which an encoder masks. Shifted, it has
the same surroundings.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from models.shared.base import PADDING

# Maps ids (height, width) to features (height, width, feature).
Network = Callable[[Tensor], Tensor]


def place(piece: Tensor, canvas: tuple[int, int], top: int, left: int) -> Tensor:
    """Ids (height, width) of an empty canvas with piece (rows, columns) at a place."""
    ids = torch.full(canvas, PADDING)
    ids[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    return ids


def shifted(
    network: Network, piece: Tensor, canvas: tuple[int, int], start: tuple[int, int], shift: int
) -> dict[str, float]:
    """How much the features of `piece` change when it moves down and right by `shift` positions.

    `start` are the rows above it and the columns on its left; on one row it moves right alone.
    """
    top, left = start
    down = shift if canvas[0] > 1 else 0
    before = _features(network, piece, canvas, top, left)
    return differences(before, _features(network, piece, canvas, top + down, left + shift))


def mirrored(
    network: Network, piece: Tensor, canvas: tuple[int, int], start: tuple[int, int]
) -> dict[str, float]:
    """How much they change, each at its pixel, when left and right are exchanged.

    Nothing for a network that does not know the order.
    """
    before = _features(network, piece, canvas, *start)
    return differences(before, _features(network, piece.flip(1), canvas, *start).flip(1))


def differences(before: Tensor, after: Tensor) -> dict[str, float]:
    """Mean and largest absolute difference, in standard deviations of `before`."""
    apart = (after - before).abs() / before.std()
    return {"mean": apart.mean().item(), "largest": apart.max().item()}


def _features(
    network: Network, piece: Tensor, canvas: tuple[int, int], top: int, left: int
) -> Tensor:
    of_canvas = network(place(piece, canvas, top, left))
    return of_canvas[top : top + piece.shape[0], left : left + piece.shape[1]]

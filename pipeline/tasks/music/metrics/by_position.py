"""Nats per token by position, also beyond the length of the training crops."""

from collections.abc import Sequence

import numpy as np

from models.shared.base import AutoregressiveModel
from pipeline.tasks.music.metrics.likelihood import score

_BINS = 8


def nats_by_position(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], length: int
) -> dict[str, float]:
    """Compute mean nats per token at positions 0 .. length - 1, in bins such as "000-063".

    Pieces are cut into windows of `length` that do not overlap; the remainder of a piece is
    ignored, so that all bins have the same windows. Empty if no piece is long enough.
    """
    nats = [scored.nats for scored in score(model, pieces, length, length)]
    windows = [
        piece[start : start + length]
        for piece in nats
        for start in range(0, len(piece) - length + 1, length)
    ]
    if not windows:
        return {}
    means = np.mean(windows, axis=0)
    edges = np.linspace(0, length, min(_BINS, length) + 1).astype(int)
    digits = len(str(length))
    return {
        f"{first:0{digits}}-{end - 1:0{digits}}": float(means[first:end].mean())
        for first, end in zip(edges[:-1], edges[1:], strict=True)
    }

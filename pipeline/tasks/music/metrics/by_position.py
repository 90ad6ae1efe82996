"""How hard tokens are to predict by how much stands before them, beyond the length of training."""

from collections.abc import Sequence

import numpy as np

from models.shared.base import AutoregressiveModel
from pipeline.tasks.music.metrics.likelihood import score

_BINS = 8


def nats_by_position(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], longest: int
) -> dict[str, float]:
    """Mean nats per token of `pieces` at positions 0 .. longest - 1, in bins such as "000-063".

    Pieces are cut into windows of `longest` that do not overlap; what is left of a piece is in no
    bin, so that all bins have the same windows. Empty if no piece is so long.
    """
    nats = [scored.nats for scored in score(model, pieces, longest, longest)]
    windows = [
        piece[start : start + longest]
        for piece in nats
        for start in range(0, len(piece) - longest + 1, longest)
    ]
    if not windows:
        return {}
    means = np.mean(windows, axis=0)
    edges = np.linspace(0, longest, min(_BINS, longest) + 1).astype(int)
    digits = len(str(longest))
    return {
        f"{first:0{digits}}-{end - 1:0{digits}}": float(means[first:end].mean())
        for first, end in zip(edges[:-1], edges[1:], strict=True)
    }

"""Nats per token by position, also beyond the length of the training crops."""

from collections.abc import Sequence

import numpy as np

from models.shared.base import AutoregressiveModel
from pipeline.tasks.music.metrics.likelihood import score
from pipeline.tasks.music.metrics.statistics import NATS_BEYOND, NATS_WITHIN

_BINS = 8


def score_windows(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], length: int
) -> list[np.ndarray]:
    """Compute the nats (window, position) of each piece in windows of `length`.

    Windows do not overlap; the remainder of a piece is ignored, so that all positions have the same
    windows. A shorter piece has none.
    """
    nats = [scored.nats for scored in score(model, pieces, length, length)]
    return [piece[: len(piece) // length * length].reshape(-1, length) for piece in nats]


def nats_by_position(windows: Sequence[np.ndarray]) -> dict[str, float]:
    """Compute mean nats per token of windows (window, position) by position, in bins as "000-063".

    Empty if no piece has a window.
    """
    joined = np.concatenate(windows)
    if not len(joined):
        return {}
    means = joined.mean(axis=0)
    length = len(means)
    edges = np.linspace(0, length, min(_BINS, length) + 1).astype(int)
    digits = len(str(length))
    return {
        f"{first:0{digits}}-{end - 1:0{digits}}": float(means[first:end].mean())
        for first, end in zip(edges[:-1], edges[1:], strict=True)
    }


def halves(windows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Sum nats and tokens of the first and the second halves of windows, (piece,) each.

    With windows of twice the training's crop: within that length, and beyond it.
    """
    half = windows[0].shape[1] // 2
    parts = {NATS_WITHIN: slice(half), NATS_BEYOND: slice(half, 2 * half)}
    statistics = {}
    for (nats, tokens), part in parts.items():
        statistics[nats] = np.array([each[:, part].sum() for each in windows])
        statistics[tokens] = np.array([each[:, part].size for each in windows])
    return statistics

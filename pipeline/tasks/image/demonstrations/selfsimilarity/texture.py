"""Texture synthesis by sampling pixels with similar neighbourhoods (Efros and Leung 1999)."""

import numpy as np

_TOLERANCE = 0.1  # epsilon of section 2.1: candidates are at most this much worse than the best
_SEED = 3  # height and width of the first patch, in pixels


def synthesise(sample: np.ndarray, size: int, neighbourhood: int, seed: int) -> np.ndarray:
    """Grow a texture (size, size, channels) from sample (height, width, channels).

    A pixel is sampled among those of the sample whose neighbourhood x neighbourhood pixels (an odd
    number) are most similar to the known ones around it. Equal seeds give equal textures.
    """
    random = np.random.default_rng(seed)
    neighbourhoods = _Neighbourhoods(sample, neighbourhood)
    margin = neighbourhood // 2
    canvas = np.zeros((size + 2 * margin, size + 2 * margin, sample.shape[2]))
    filled = np.zeros(canvas.shape[:2], bool)
    _paste_seed(canvas, filled, sample, random)
    while len(frontier := _frontier(filled, margin, random)):
        for row, column in frontier:
            around = np.s_[row : row + neighbourhood, column : column + neighbourhood]
            distances = neighbourhoods.distances(canvas[around], filled[around])
            candidates = np.flatnonzero(distances <= distances.min() * (1 + _TOLERANCE))
            canvas[row + margin, column + margin] = neighbourhoods.centres[
                random.choice(candidates)
            ]
            filled[row + margin, column + margin] = True
    return canvas[margin : margin + size, margin : margin + size]


class _Neighbourhoods:
    """All neighbourhoods of a sample and their centre pixels."""

    def __init__(self, sample: np.ndarray, size: int) -> None:
        windows = np.lib.stride_tricks.sliding_window_view(sample, (size, size), axis=(0, 1))
        windows = windows.reshape(-1, sample.shape[2], size, size).transpose(0, 2, 3, 1)
        self.centres = windows[:, size // 2, size // 2]
        self._flat = np.ascontiguousarray(windows.reshape(len(windows), -1))
        self._squares = self._flat**2
        steps = np.arange(size) - size // 2
        gaussian = np.exp(-(steps**2) / (2 * (size / 6.4) ** 2))
        self._weights = np.outer(gaussian, gaussian)[..., None]

    def distances(self, around: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return weighted mean squared differences (neighbourhood,) on known pixels of `around`."""
        weights = np.broadcast_to(self._weights * known[..., None], around.shape).ravel()
        pixels = around.ravel()
        sums = self._squares @ weights - 2 * (self._flat @ (weights * pixels))
        return np.maximum(sums + weights @ pixels**2, 0.0) / weights.sum()


def _paste_seed(
    canvas: np.ndarray, filled: np.ndarray, sample: np.ndarray, random: np.random.Generator
) -> None:
    """Paste a random patch of the sample into the centre."""
    row, column = (random.integers(length - _SEED + 1) for length in sample.shape[:2])
    middle = (len(canvas) - _SEED) // 2
    inside = np.s_[middle : middle + _SEED, middle : middle + _SEED]
    canvas[inside] = sample[row : row + _SEED, column : column + _SEED]
    filled[inside] = True


def _frontier(filled: np.ndarray, margin: int, random: np.random.Generator) -> np.ndarray:
    """Return unfilled pixels (pixel, 2) next to filled ones, those with most filled around first.

    Coordinates are without the margin: they are the corners of the neighbourhoods too.
    """
    size = 2 * margin + 1
    windows = np.lib.stride_tricks.sliding_window_view(filled, (size, size))
    adjacent = windows[:, :, margin - 1 : margin + 2, margin - 1 : margin + 2].any(axis=(2, 3))
    inside = filled[margin : len(filled) - margin, margin : len(filled) - margin]
    frontier = np.argwhere(adjacent & ~inside)
    random.shuffle(frontier)
    known = windows[frontier[:, 0], frontier[:, 1]].sum(axis=(1, 2))
    return frontier[np.argsort(-known, kind="stable")]

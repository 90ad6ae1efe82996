"""Texture synthesis by sampling pixels whose surroundings are alike (Efros and Leung 1999)."""

import numpy as np

_TOLERANCE = 0.1  # epsilon of section 2.1: neighbourhoods so much worse than the best are kept
_SEED = 3  # pixels: the patch that the texture grows from


def synthesise(sample: np.ndarray, size: int, neighbourhood: int, seed: int) -> np.ndarray:
    """Grow a texture (size, size, channels) from sample (height, width, channels).

    A pixel is that of the sample whose neighbourhood x neighbourhood pixels (an odd number) are
    most like what is already there, drawn among the nearly best. Equal seeds give equal textures.
    """
    random = np.random.default_rng(seed)
    library = _Library(sample, neighbourhood)
    margin = neighbourhood // 2
    canvas = np.zeros((size + 2 * margin, size + 2 * margin, sample.shape[2]))
    filled = np.zeros(canvas.shape[:2], bool)
    _plant(canvas, filled, sample, random)
    while len(places := _frontier(filled, margin, random)):
        for row, column in places:
            around = np.s_[row : row + neighbourhood, column : column + neighbourhood]
            distances = library.distances(canvas[around], filled[around])
            alike = np.flatnonzero(distances <= distances.min() * (1 + _TOLERANCE))
            canvas[row + margin, column + margin] = library.centres[random.choice(alike)]
            filled[row + margin, column + margin] = True
    return canvas[margin : margin + size, margin : margin + size]


class _Library:
    """All neighbourhoods of a sample, and the pixels in their middle."""

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
        """Weighted mean squared differences (neighbourhood,) to the known pixels of `around`."""
        weights = np.broadcast_to(self._weights * known[..., None], around.shape).ravel()
        pixels = around.ravel()
        sums = self._squares @ weights - 2 * (self._flat @ (weights * pixels))
        return np.maximum(sums + weights @ pixels**2, 0.0) / weights.sum()


def _plant(
    canvas: np.ndarray, filled: np.ndarray, sample: np.ndarray, random: np.random.Generator
) -> None:
    """Put a few pixels of the sample into the middle."""
    row, column = (random.integers(length - _SEED + 1) for length in sample.shape[:2])
    middle = (len(canvas) - _SEED) // 2
    inside = np.s_[middle : middle + _SEED, middle : middle + _SEED]
    canvas[inside] = sample[row : row + _SEED, column : column + _SEED]
    filled[inside] = True


def _frontier(filled: np.ndarray, margin: int, random: np.random.Generator) -> np.ndarray:
    """The unfilled pixels (place, 2) next to filled ones, those with most filled around first.

    Places count without the margin, so that they are the corners of neighbourhoods too.
    """
    size = 2 * margin + 1
    windows = np.lib.stride_tricks.sliding_window_view(filled, (size, size))
    next_to = windows[:, :, margin - 1 : margin + 2, margin - 1 : margin + 2].any(axis=(2, 3))
    inside = filled[margin : len(filled) - margin, margin : len(filled) - margin]
    places = np.argwhere(next_to & ~inside)
    random.shuffle(places)
    known = windows[places[:, 0], places[:, 1]].sum(axis=(1, 2))
    return places[np.argsort(-known, kind="stable")]

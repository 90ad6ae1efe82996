"""Crops in other keys and tempi (Huang et al. 2018, section 4.2)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import events, grid, is_grid
from pipeline.tasks.music.settings import Augmentation

_LOWEST, _HIGHEST = 0, 127


@dataclass(frozen=True)
class Augmenter:
    """Transposes and stretches crops, uniformly over what keeps all pitches in range."""

    settings: Augmentation
    pitches: Callable[[np.ndarray], np.ndarray]  # maps ids to the pitches that occur
    transposed: Callable[[np.ndarray, int], np.ndarray]

    def crop(self, ids: np.ndarray, length: int, random: np.random.Generator) -> np.ndarray:
        """Return the first `length` of `ids`, or all of fewer, in another key and tempo."""
        factor = self.settings.stretch[random.integers(len(self.settings.stretch))]
        if factor == 1.0:
            changed = ids[:length]
        else:
            # A faster tempo may need fewer ids, at least half of them: only time shifts can merge.
            changed = events.stretched(ids[: 2 * length], factor)[:length]
        pitches = self.pitches(changed)
        limit = self.settings.transpose
        down = min(limit, int(pitches.min(initial=_HIGHEST)) - _LOWEST)
        up = min(limit, _HIGHEST - int(pitches.max(initial=_LOWEST)))
        return self.transposed(changed, int(random.integers(-down, up, endpoint=True)))


def augmenter(settings: Augmentation | None, shape: DataShape) -> Augmenter | None:
    """Return the augmenter of `settings`; a grid has no tempo, which check_run ensures."""
    if settings is None:
        return None
    if not is_grid(shape):
        return Augmenter(settings, events.pitches, events.transposed)
    return Augmenter(settings, grid.pitches, grid.transposed)

"""Crops in other keys and tempi (Huang et al. 2018, section 4.2)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.settings import DataShape
from pipeline.errors import ConfigError
from pipeline.tasks.music.codec import events, grid, is_grid
from pipeline.tasks.music.settings import Augmentation

_LOWEST, _HIGHEST = 0, 127


@dataclass(frozen=True)
class Augmenter:
    """How crops are changed; the draws are uniform over what keeps all pitches in range."""

    settings: Augmentation
    pitches: Callable[[np.ndarray], np.ndarray]  # of ids, those that sound
    transposed: Callable[[np.ndarray, int], np.ndarray]

    def crop(self, ids: np.ndarray, length: int, random: np.random.Generator) -> np.ndarray:
        """The first `length` ids (or all, if there are fewer), in another key and tempo."""
        factor = self.settings.stretch[random.integers(len(self.settings.stretch))]
        if factor == 1.0:
            changed = ids[:length]
        else:
            # A faster tempo may need fewer ids: at best one shift of two is saved.
            changed = events.stretched(ids[: 2 * length], factor)[:length]
        pitches = self.pitches(changed)
        most = self.settings.transpose
        down = min(most, int(pitches.min(initial=_HIGHEST)) - _LOWEST)
        up = min(most, _HIGHEST - int(pitches.max(initial=_LOWEST)))
        return self.transposed(changed, int(random.integers(-down, up, endpoint=True)))


def augmenter(settings: Augmentation | None, shape: DataShape) -> Augmenter | None:
    """What `settings` ask for; ConfigError if it is not defined for pieces of `shape`."""
    if settings is None:
        return None
    if not is_grid(shape):
        return Augmenter(settings, events.pitches, events.transposed)
    if any(not math.isclose(factor, 1.0) for factor in settings.stretch):
        raise ConfigError(
            f"training.augmentation.stretch = {settings.stretch} is not defined for chorales, "
            "whose grid has no tempo; use [1.0]"
        )
    return Augmenter(settings, grid.pitches, grid.transposed)

"""Crops in other keys and tempi (Huang et al. 2018, section 4.2)."""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import codec_of, events
from pipeline.tasks.music.settings import Augmentation


@dataclass(frozen=True)
class Augmenter:
    """Transposes and stretches crops, uniformly over what keeps all pitches in range."""

    settings: Augmentation
    codec: ModuleType

    def crop(self, ids: np.ndarray, length: int, random: np.random.Generator) -> np.ndarray:
        """Return the first `length` of `ids`, or all of fewer, in another key and tempo."""
        factor = self.settings.stretch[random.integers(len(self.settings.stretch))]
        if factor == 1.0:
            changed = ids[:length]
        else:
            # A faster tempo may need fewer ids, at least half of them: only time shifts can merge.
            changed = events.stretched(ids[: 2 * length], factor)[:length]
        codec, limit = self.codec, self.settings.transpose
        pitches = codec.pitches(changed)
        down = min(limit, int(pitches.min(initial=codec.HIGHEST)) - codec.LOWEST)
        up = min(limit, codec.HIGHEST - int(pitches.max(initial=codec.LOWEST)))
        return codec.transposed(changed, int(random.integers(-down, up, endpoint=True)))


def augmenter(settings: Augmentation | None, shape: DataShape) -> Augmenter | None:
    """Return the augmenter of `settings`; only events have a tempo, which check_run ensures."""
    return None if settings is None else Augmenter(settings, codec_of(shape))

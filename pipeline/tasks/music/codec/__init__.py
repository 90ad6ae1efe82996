"""A piece as ids: on a `grid` for chorales, `events` for performances, a `melody` for tunes.

In each, START is the first id of a piece and the largest one, and ids come in units: the voices of
a 16th, a single event, or a note. Each is a module; what all have is called the same: START, LOWEST
and HIGHEST, SHAPE, IDS, `to_ids`, `from_ids`, `pitches`, `transposed`. Sequences of events or notes
have STEPS_PER_SECOND, `begins_note`, `seconds_of` and `truncated` too.
"""

from types import ModuleType

from models.settings import DataShape, VoiceLayout
from pipeline.tasks.music.codec import events, grid, melody

FIELD = "tokens"  # the name of the ids in the encoded folder
FURTHER, FURTHER_IDS = "further.json", "further.npy"  # the same of pieces that are not shown
SAMPLED_IDS = "ids.npy"  # in the samples folder: (piece, 1 + token), ordered as samples.json


def codec_of(shape: DataShape) -> ModuleType:
    """Return the module of the representation whose pieces have `shape`."""
    if isinstance(shape.layout, VoiceLayout):
        return grid
    return melody if shape == melody.SHAPE else events


def is_grid(shape: DataShape) -> bool:
    """Return whether pieces of `shape` are grids of voices, not sequences of events or notes."""
    return codec_of(shape) is grid


def unit_of(shape: DataShape) -> int:
    """Return the number of ids of a unit."""
    return shape.layout.voices if is_grid(shape) else 1

"""Two representations of a piece as ids: `grid` for chorales, `events` for performances.

In both, START is the first id of a piece and the largest one, and ids come in units: the voices of
a 16th, or a single event.
"""

from models.settings import DataShape, VoiceLayout

FIELD = "tokens"  # the name of the ids in the encoded folder
SAMPLED_IDS = "ids.npy"  # in the samples folder: (piece, 1 + token), ordered as samples.json


def unit_of(shape: DataShape) -> int:
    """Return the number of ids of a unit."""
    return shape.layout.voices if is_grid(shape) else 1


def is_grid(shape: DataShape) -> bool:
    """Return whether pieces of `shape` are grids of voices, not events."""
    return isinstance(shape.layout, VoiceLayout)

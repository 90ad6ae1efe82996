"""Two ways to write a piece as ids: `grid` for chorales, `events` for performances.

What both share: START is the first id of a piece, the one after all outputs, and ids that stand for
one time come in units: the voices of a 16th, or a single event.
"""

from models.settings import DataShape, VoiceLayout

FIELD = "tokens"  # the name of the ids in the encoded folder
DRAWN_IDS = "ids.npy"  # of the samples, (piece, 1 + token) in the order of samples.json


def unit_of(shape: DataShape) -> int:
    """How many ids a unit has."""
    return shape.layout.voices if is_grid(shape) else 1


def is_grid(shape: DataShape) -> bool:
    """Whether pieces of `shape` are grids of voices, not events."""
    return isinstance(shape.layout, VoiceLayout)

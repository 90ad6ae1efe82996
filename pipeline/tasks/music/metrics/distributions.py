"""The pitches and durations of some pieces beside those of others, and how far apart they are."""

from collections.abc import Sequence

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import is_grid
from pipeline.tasks.music.metrics.notes import notes_of

_OCTAVE = 12
_LONGEST = 16  # 16ths; longer notes count as these
_DIGITS = 6
_BINS = 24  # of the durations of performances: half octaves from 10 ms on
_LOGARITHM = "log2 of the duration in 10 ms"


def distances(
    pieces: Sequence[np.ndarray], others: Sequence[np.ndarray], shape: DataShape
) -> dict[str, float]:
    """Total variation distances, 0 (alike) to 1, between the notes of two lists of pieces.

    Of pitch classes, and of durations: in 16ths up to 16 for chorales, in half octaves of time for
    performances. 1 where one list has no notes.
    """
    first, second = (_shares(each, shape) for each in (pieces, others))
    names = ("pitch_class_distance", "duration_distance")
    return {
        name: _distance(one, other) for name, one, other in zip(names, first, second, strict=True)
    }


def distributions(
    pieces: Sequence[np.ndarray], others: Sequence[np.ndarray], shape: DataShape
) -> dict[str, dict[str, str | list[float]]]:
    """The same shares, to draw: what the axis counts, its values, the shares of drawn and test."""
    grid = is_grid(shape)
    axes = (
        ("pitch class, C = 0", np.arange(_OCTAVE)),
        ("16ths", np.arange(_LONGEST + 1)) if grid else (_LOGARITHM, np.arange(_BINS) / 2),
    )
    first, second = (_shares(each, shape) for each in (pieces, others))
    return {
        name: {
            "axis": axis,
            "at": at.tolist(),
            "drawn": one.round(_DIGITS).tolist(),
            "test": other.round(_DIGITS).tolist(),
        }
        for name, (axis, at), one, other in zip(
            ("pitch_class", "duration"), axes, first, second, strict=True
        )
    }


def _shares(pieces: Sequence[np.ndarray], shape: DataShape) -> tuple[np.ndarray, np.ndarray]:
    """The share of each pitch class, and of each duration."""
    notes = [notes_of(ids, shape) for ids in pieces]
    pitch, duration = (np.concatenate(each) for each in zip(*notes, strict=True))
    if is_grid(shape):
        binned, size = np.minimum(duration, _LONGEST), _LONGEST + 1
    else:
        binned, size = (2 * np.log2(np.maximum(duration, 1))).astype(np.int64), _BINS
    classes = np.bincount(pitch % _OCTAVE, minlength=_OCTAVE)
    lengths = np.bincount(np.minimum(binned, size - 1), minlength=size)
    return tuple(counts / max(counts.sum(), 1) for counts in (classes, lengths))


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    if not one.any() or not other.any():
        return 1.0
    return float(np.abs(one - other).sum() / 2)

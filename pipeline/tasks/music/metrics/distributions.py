"""Distributions of pitches and durations of samples and test pieces, and their distances."""

from collections.abc import Sequence

import numpy as np

from models.settings import DataShape
from pipeline.tasks.music.codec import codec_of, is_grid
from pipeline.tasks.music.metrics.notes import notes_of

_OCTAVE = 12
_MAX_SIXTEENTHS = 16  # longer notes are counted here
_DIGITS = 6
_BINS = 24  # of the durations of performances and tunes, each half of log2 wide, from a step on


def distances(
    samples: Sequence[np.ndarray], test: Sequence[np.ndarray], shape: DataShape
) -> dict[str, float]:
    """Compute total variation distances, from 0 to 1, between the notes of samples and test pieces.

    Of pitch classes, and of durations: in 16ths up to 16 for chorales, in bins of half a log2 for
    performances and tunes. 1 if either has no notes.
    """
    names = ("pitch_class_distance", "duration_distance")
    shares = _shares(samples, shape), _shares(test, shape)
    return {
        name: _distance(sampled, real) for name, sampled, real in zip(names, *shares, strict=True)
    }


def distributions(
    samples: Sequence[np.ndarray], test: Sequence[np.ndarray], shape: DataShape
) -> dict[str, dict[str, str | list[float]]]:
    """Compute the same distributions for charts: label and values of the axis, and shares."""
    grid = is_grid(shape)
    axes = (
        ("pitch class, C = 0", np.arange(_OCTAVE)),
        ("16ths", np.arange(_MAX_SIXTEENTHS + 1))
        if grid
        else (_log_duration(shape), np.arange(_BINS) / 2),
    )
    shares = _shares(samples, shape), _shares(test, shape)
    return {
        name: {
            "axis": axis,
            "at": at.tolist(),
            "drawn": sampled.round(_DIGITS).tolist(),
            "test": real.round(_DIGITS).tolist(),
        }
        for name, (axis, at), sampled, real in zip(
            ("pitch_class", "duration"), axes, *shares, strict=True
        )
    }


def _log_duration(shape: DataShape) -> str:
    return f"log2 of the duration in {1000 / codec_of(shape).STEPS_PER_SECOND:g} ms"


def _shares(pieces: Sequence[np.ndarray], shape: DataShape) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of pitch classes (12,) and of durations (bin,)."""
    notes = [notes_of(ids, shape) for ids in pieces]
    pitch, duration = (np.concatenate(values) for values in zip(*notes, strict=True))
    if is_grid(shape):
        binned, size = np.minimum(duration, _MAX_SIXTEENTHS), _MAX_SIXTEENTHS + 1
    else:
        binned, size = (2 * np.log2(np.maximum(duration, 1))).astype(np.int64), _BINS
    classes = np.bincount(pitch % _OCTAVE, minlength=_OCTAVE)
    lengths = np.bincount(np.minimum(binned, size - 1), minlength=size)
    return tuple(counts / max(counts.sum(), 1) for counts in (classes, lengths))


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    if not first.any() or not second.any():
        return 1.0
    return float(np.abs(first - second).sum() / 2)

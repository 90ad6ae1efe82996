"""Pieces drawn by a network, from nothing or after an opening, and as MIDI."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.console import Progress
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.settings.base import Sampling
from pipeline.tasks.music.codec import events, grid, is_grid, unit_of
from pipeline.tasks.music.decoding import midi

MOST_EVENTS_PER_SECOND = 100  # MAESTRO has 40


def compose(
    model: AutoregressiveModel,
    openings: Sequence[np.ndarray],
    tokens: int,
    sampling: Sampling,
    enough: Callable[[Tensor], bool] | None = None,
) -> np.ndarray:
    """Draw a piece, ids (1 + tokens,), after each of `openings`, ids (1 + token,) with START.

    Pieces (piece, 1 + token) that are `enough` end early.
    """
    template = np.full((len(openings), 1 + tokens), TO_SAMPLE, np.int64)
    for row, opening in zip(template, openings, strict=True):
        row[: len(opening)] = opening[: len(row)]
    device = next(model.parameters()).device
    progress = Progress("sampling", tokens)
    drawn = fill(model, torch.from_numpy(template).to(device), sampling, progress, enough=enough)
    return drawn.cpu().numpy()


def compose_for(
    model: AutoregressiveModel, opening: np.ndarray, seconds: float, count: int, sampling: Sampling
) -> list[np.ndarray]:
    """Draw `count` pieces of `seconds` after one opening, ids (1 + token,) each.

    A performance that needs more than MOST_EVENTS_PER_SECOND is cut there.
    """
    shape, openings = model.shape, [opening] * count
    if is_grid(shape):
        sixteenths = math.ceil(seconds / midi.SECONDS_PER_SIXTEENTH)
        return list(compose(model, openings, sixteenths * shape.layout.voices, sampling))

    def enough(ids: Tensor) -> bool:
        return all(events.seconds_of(row) >= seconds for row in ids.cpu().numpy())

    most = len(opening) + math.ceil(seconds * MOST_EVENTS_PER_SECOND)
    pieces = compose(model, openings, most, sampling, enough)
    return [events.until(piece, seconds) for piece in pieces]


def nothing(shape: DataShape) -> np.ndarray:
    """The opening of a piece from nothing: START alone."""
    return np.array([grid.START if is_grid(shape) else events.START])


def seconds_of(ids: np.ndarray, shape: DataShape) -> float:
    """How long a piece, ids (1 + token,), lasts."""
    if is_grid(shape):
        return (len(ids) - 1) // unit_of(shape) * midi.SECONDS_PER_SIXTEENTH
    return events.seconds_of(ids)


def to_midi(ids: np.ndarray, shape: DataShape) -> bytes:
    """A piece, ids (1 + token,), as a MIDI file."""
    if is_grid(shape):
        return midi.to_midi(grid.from_ids(ids))
    return midi.notes_to_midi(events.from_ids(ids).notes)

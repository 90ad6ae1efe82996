"""Pieces drawn by a network, from nothing or after an opening, and as MIDI."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from models.settings import DataShape
from pipeline.console import Progress
from pipeline.decoding.sampling import DRAWN, fill
from pipeline.settings.base import Sampling
from pipeline.tasks.music.codec import events, grid, is_grid
from pipeline.tasks.music.decoding import midi


def compose(
    model: nn.Module, openings: Sequence[np.ndarray], tokens: int, sampling: Sampling
) -> np.ndarray:
    """Draw a piece, ids (1 + tokens,), after each of `openings`, ids (1 + token,) with START."""
    template = np.full((len(openings), 1 + tokens), DRAWN, np.int64)
    for row, opening in zip(template, openings, strict=True):
        row[: len(opening)] = opening[: len(row)]
    device = next(model.parameters()).device
    progress = Progress("sampling", tokens)
    return fill(model, torch.from_numpy(template).to(device), sampling, progress).cpu().numpy()


def nothing(shape: DataShape) -> np.ndarray:
    """The opening of a piece from nothing: START alone."""
    return np.array([grid.START if is_grid(shape) else events.START])


def seconds_of(ids: np.ndarray, shape: DataShape) -> float:
    """How long a piece, ids (1 + token,), lasts."""
    if is_grid(shape):
        return (len(ids) - 1) // shape.voices * midi.SECONDS_PER_SIXTEENTH
    return events.seconds_of(ids)


def to_midi(ids: np.ndarray, shape: DataShape) -> bytes:
    """A piece, ids (1 + token,), as a MIDI file."""
    if is_grid(shape):
        return midi.to_midi(grid.from_ids(ids))
    return midi.notes_to_midi(events.from_ids(ids).notes)

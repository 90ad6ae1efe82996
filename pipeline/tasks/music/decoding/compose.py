"""Samples pieces, from nothing or after a primer, and converts them to MIDI."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.console import Progress
from pipeline.decoding.fill import Fill
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.settings.base import Sampling
from pipeline.tasks.music.codec import codec_of, grid, is_grid, melody, unit_of
from pipeline.tasks.music.decoding import midi

MAX_EVENTS_PER_SECOND = 100  # MAESTRO has 40


def compose(
    model: AutoregressiveModel,
    primers: Sequence[np.ndarray],
    tokens: int,
    sampling: Sampling,
    enough: Callable[[Tensor], bool] | None = None,
    fill: Fill = fill,
) -> np.ndarray:
    """Sample pieces (piece, 1 + tokens) that continue `primers`, ids (1 + token,) with START.

    Sampling stops early when the pieces so far, (piece, 1 + token), are `enough`.
    """
    template = np.full((len(primers), 1 + tokens), TO_SAMPLE, np.int64)
    for row, primer in zip(template, primers, strict=True):
        row[: len(primer)] = primer[: len(row)]
    device = next(model.parameters()).device
    progress = Progress("sampling", tokens)
    sampled = fill(model, torch.from_numpy(template).to(device), sampling, progress, enough=enough)
    return sampled.cpu().numpy()


def compose_for(
    model: AutoregressiveModel,
    primer: np.ndarray,
    seconds: float,
    count: int,
    sampling: Sampling,
    fill: Fill = fill,
) -> list[np.ndarray]:
    """Sample `count` pieces of `seconds` that continue one primer, ids (1 + token,) each.

    One of events or notes is cut at MAX_EVENTS_PER_SECOND of them per second on average.
    """
    shape, primers = model.shape, [primer] * count
    if is_grid(shape):
        sixteenths = math.ceil(seconds / midi.SECONDS_PER_SIXTEENTH)
        tokens = sixteenths * shape.layout.voices
        return list(compose(model, primers, tokens, sampling, fill=fill))

    codec = codec_of(shape)

    def enough(ids: Tensor) -> bool:
        return all(codec.seconds_of(row) >= seconds for row in ids.cpu().numpy())

    max_tokens = len(primer) + math.ceil(seconds * MAX_EVENTS_PER_SECOND)
    pieces = compose(model, primers, max_tokens, sampling, enough, fill)
    return [codec.truncated(piece, seconds) for piece in pieces]


def empty_primer(shape: DataShape) -> np.ndarray:
    """Return the primer of a piece from nothing: START only."""
    return np.array([codec_of(shape).START])


def seconds_of(ids: np.ndarray, shape: DataShape) -> float:
    """Return the duration of a piece, ids (1 + token,), in seconds."""
    if is_grid(shape):
        return (len(ids) - 1) // unit_of(shape) * midi.SECONDS_PER_SIXTEENTH
    return codec_of(shape).seconds_of(ids)


def to_midi(ids: np.ndarray, shape: DataShape) -> bytes:
    """Convert a piece, ids (1 + token,), to a MIDI file."""
    codec = codec_of(shape)
    decoded = codec.from_ids(ids)
    if codec is grid:
        return midi.to_midi(decoded)
    if codec is melody:
        return midi.melody_to_midi(decoded)
    return midi.notes_to_midi(decoded.notes)

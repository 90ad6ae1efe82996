"""Likelihood and accuracy on held-out pieces, by sliding windows, beside the baselines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from models.settings import DataShape
from pipeline.bootstrap import interval
from pipeline.corpus import SPLITS, read_sequences
from pipeline.errors import ConfigError
from pipeline.tasks.music.codec import FIELD, events, grid, is_grid, unit_of
from pipeline.tasks.music.metrics.baselines import baselines
from pipeline.tasks.music.metrics.event_baselines import event_baselines
from pipeline.tasks.music.settings import MusicEvaluation
from pipeline.training.batches import pad
from pipeline.training.loss import IGNORED, token_nats

_BATCH_WINDOWS = 32
_DIGITS = 6


class Window(NamedTuple):
    """A stretch of a piece: inputs (position,), and targets with IGNORED where not scored."""

    piece: int
    start: int  # of the first target, counted from the token after START
    inputs: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Scored:
    """A piece's tokens without START: -log p of each, (token,), and the likeliest id, (token,)."""

    nats: np.ndarray
    likeliest: np.ndarray


def evaluate(
    model: nn.Module, encoded: Path, samples: Path, evaluation: MusicEvaluation
) -> dict[str, dict[str, Any]]:
    """Measure `model`: {"test": ..., "validation": ..., "baseline": ...}, test pieces in `records`.

    Padding is in no number. The interval resamples pieces. Raises ConfigError if windows would
    begin inside of a 16th, which no crop in training does.
    """
    unit = unit_of(model.shape)
    if evaluation.stride % unit:
        raise ConfigError(
            f"evaluation.stride = {evaluation.stride} has to be a multiple of the {unit} "
            "voices: windows begin at a 16th, as the crops of training do"
        )
    train, validation, test = (list(read_sequences(encoded, each, FIELD)) for each in SPLITS)
    scored = _score(model, test, evaluation)
    measured = {
        "test": _likelihood(test, scored, model.shape, evaluation),
        "validation": {"nats_per_token": _nats_per_token(_score(model, validation, evaluation))},
        "baseline": _baselines(train, test, model.shape),
    }
    records = [
        {"nats_per_token": _nats_per_token([piece]), "tokens": len(piece.nats)} for piece in scored
    ]
    return {
        **{part: _rounded(metrics) for part, metrics in measured.items()},
        "records": {"test": [_rounded(record) for record in records]},
    }


def _likelihood(
    pieces: Sequence[np.ndarray],
    scored: Sequence[Scored],
    shape: DataShape,
    evaluation: MusicEvaluation,
) -> dict[str, float]:
    sums = np.array([piece.nats.sum() for piece in scored])
    counts = np.array([len(piece.nats) for piece in scored])
    low, high = interval(sums, counts, evaluation.bootstrap_samples, evaluation.bootstrap_seed)
    hits = [piece.likeliest == ids[1:] for piece, ids in zip(scored, pieces, strict=True)]
    begins = [_begins(ids, shape) for ids in pieces]
    return {
        "nats_per_token": _nats_per_token(scored),
        "nats_per_token_low": low,
        "nats_per_token_high": high,
        "accuracy": float(np.concatenate(hits).mean()),
        "onset_accuracy": float(np.concatenate(hits)[np.concatenate(begins)].mean()),
        "tokens": int(counts.sum()),
        "pieces": len(pieces),
    }


def _score(
    model: nn.Module, pieces: Sequence[np.ndarray], evaluation: MusicEvaluation
) -> list[Scored]:
    return score(model, pieces, evaluation.window, evaluation.stride)


def _nats_per_token(scored: Sequence[Scored]) -> float:
    total = sum(piece.nats.sum() for piece in scored)
    return float(total / sum(len(piece.nats) for piece in scored))


def _begins(ids: np.ndarray, shape: DataShape) -> np.ndarray:
    """Where a note begins, (token,)."""
    if is_grid(shape):
        return grid.onsets(grid.from_ids(ids)).reshape(-1)
    return ids[1:] < events.NOTE_OFF


def _baselines(
    train: Sequence[np.ndarray], test: Sequence[np.ndarray], shape: DataShape
) -> dict[str, float]:
    if is_grid(shape):
        return baselines(*([grid.from_ids(ids) for ids in part] for part in (train, test)))
    return event_baselines(train, test)


def windows(piece: int, ids: np.ndarray, window: int, stride: int) -> Iterator[Window]:
    """Cut ids (1 + token,) so that every token is a scored target of exactly one window.

    The first window scores all its tokens, each later one the `stride` that are new to it, with
    window - stride tokens before them. A window's first input is the token before its first target.
    """
    inputs, targets = ids[:-1], ids[1:]
    for start in range(0, max(len(targets) - window, 0) + stride, stride):
        scored = np.array(targets[start : start + window], np.int64)
        if start > 0:
            scored[: window - stride] = IGNORED
        yield Window(piece, start, inputs[start : start + window], scored)


@torch.no_grad()
def score(model: nn.Module, pieces: Sequence[np.ndarray], window: int, stride: int) -> list[Scored]:
    """Score every token of `pieces`, ids (1 + token,) each, seen through sliding windows."""
    device = next(model.parameters()).device
    scored = [Scored(np.zeros(len(ids) - 1), np.zeros(len(ids) - 1, np.int64)) for ids in pieces]
    cuts = [cut for piece, ids in enumerate(pieces) for cut in windows(piece, ids, window, stride)]
    for first in range(0, len(cuts), _BATCH_WINDOWS):
        batch = cuts[first : first + _BATCH_WINDOWS]
        targets = pad([cut.targets for cut in batch], IGNORED)
        logits = model(pad([cut.inputs for cut in batch], 0).to(device))
        nats = token_nats(logits, targets.to(device)).double().cpu().numpy()
        likeliest = logits.argmax(dim=-1).cpu().numpy()
        for row, cut in enumerate(batch):
            counted = np.flatnonzero(cut.targets != IGNORED)
            scored[cut.piece].nats[cut.start + counted] = nats[row, counted]
            scored[cut.piece].likeliest[cut.start + counted] = likeliest[row, counted]
    return scored


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in metrics.items()}

"""Likelihood and accuracy on held-out pieces, by sliding windows, beside the baselines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.bootstrap import interval
from pipeline.corpus import SPLITS, read_sequences
from pipeline.files import read_json
from pipeline.tasks.music.codec import FIELD, events, grid, is_grid
from pipeline.tasks.music.metrics.arcs import arcs_of_samples
from pipeline.tasks.music.metrics.baselines import baselines
from pipeline.tasks.music.metrics.by_position import nats_by_position
from pipeline.tasks.music.metrics.distributions import distributions
from pipeline.tasks.music.metrics.event_baselines import event_baselines
from pipeline.tasks.music.metrics.likelihood import Scored, score
from pipeline.tasks.music.metrics.motif_attention import attention_to_motifs
from pipeline.tasks.music.metrics.samples import drawn_alone, measure_samples
from pipeline.tasks.music.settings import MusicEvaluation

_DIGITS = 6


def evaluate(
    model: AutoregressiveModel, encoded: Path, samples: Path, evaluation: MusicEvaluation
) -> dict[str, dict[str, Any]]:
    """Measure `model` and what it drew: {"test": ..., "validation": ..., "baseline": ..., ...}.

    `records` has each test piece, `by_position` the nats of test tokens by what stands before them,
    `samples` what was drawn beside the test pieces, `attention` how much of it falls on motifs
    that come again; `figures` what heads look back at in the drawn pieces, by file, and the
    distributions of notes. Padding is in no number. The interval resamples pieces.
    """
    train, validation, test = (list(read_sequences(encoded, each, FIELD)) for each in SPLITS)
    scored = _score(model, test, evaluation)
    measured = {
        "test": _likelihood(test, scored, model.shape, evaluation),
        "validation": {"nats_per_token": _nats_per_token(_score(model, validation, evaluation))},
        "baseline": _baselines(train, test, model.shape),
    }
    names = read_json(encoded / "test.pieces.json")
    by_name = dict(zip(names, test, strict=True))
    drawn = measure_samples(samples, by_name, model.shape, evaluation.motif)
    attention = attention_to_motifs(model, validation, test, evaluation.window, evaluation.motif)
    records = [
        {"nats_per_token": _nats_per_token([piece]), "tokens": len(piece.nats)} for piece in scored
    ]
    figures = {f"{piece}.arcs": arcs for piece, arcs in arcs_of_samples(model, samples).items()}
    figures["distributions"] = distributions(drawn_alone(samples), test, model.shape)
    return {
        **{part: _rounded(metrics) for part, metrics in measured.items()},
        "by_position": _rounded(nats_by_position(model, test, evaluation.long_window)),
        "samples": {part: _rounded(metrics) for part, metrics in drawn.items()},
        "attention": {part: _rounded(metrics) for part, metrics in attention.items()},
        "records": {"test": [_rounded(record) for record in records]},
        "figures": figures,
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
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], evaluation: MusicEvaluation
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


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in metrics.items()}

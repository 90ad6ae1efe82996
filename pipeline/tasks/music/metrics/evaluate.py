"""Likelihood and accuracy on held-out pieces by sliding windows, and baselines."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.blocks import block_statistics, read_blocks
from pipeline.corpus import SPLITS, read_sequences
from pipeline.evaluation import Evaluation, records_of
from pipeline.files import read_json
from pipeline.statistics.compute import ratio
from pipeline.tasks.music.codec import FIELD, FURTHER, codec_of, grid, is_grid
from pipeline.tasks.music.metrics.arcs import arcs_of_samples
from pipeline.tasks.music.metrics.baselines import baselines
from pipeline.tasks.music.metrics.by_position import halves, nats_by_position, score_windows
from pipeline.tasks.music.metrics.distributions import distributions
from pipeline.tasks.music.metrics.event_baselines import event_baselines
from pipeline.tasks.music.metrics.likelihood import Scored, score
from pipeline.tasks.music.metrics.motif_attention import attention_to_motifs
from pipeline.tasks.music.metrics.samples import generated_parts, measure_samples
from pipeline.tasks.music.metrics.statistics import ACCURACY, NATS_PER_TOKEN, ONSET_ACCURACY
from pipeline.tasks.music.settings import MusicEvaluation

_DIGITS = 6


def evaluate(
    model: AutoregressiveModel, encoded: Path, samples: Path, evaluation: MusicEvaluation
) -> Evaluation:
    """Evaluate `model`, its `samples`, and the baselines.

    Among the metrics, `by_position` has test nats by position, `samples` compares the sampled
    pieces with the test pieces, and `attention` is the share on earlier occurrences of motifs. The
    figures are the arcs of the sampled pieces, by file, and distributions of notes. Padding is not
    counted.
    """
    train, validation, test = (list(read_sequences(encoded, split, FIELD)) for split in SPLITS)
    statistics = {
        split: _statistics(pieces, _score(model, pieces, evaluation), model.shape)
        for split, pieces in (("test", test), ("validation", validation))
    }
    names = read_json(encoded / "test.pieces.json")
    by_name = dict(zip(names, test, strict=True))
    windows = score_windows(model, test, evaluation.long_window)
    measured = {
        "test": _likelihood(statistics["test"]),
        "validation": {"nats_per_token": _mean(statistics["validation"], NATS_PER_TOKEN)},
        "baseline": _baselines(train, test, model.shape),
        "by_position": nats_by_position(windows),
    }
    of_samples = measure_samples(samples, by_name, model.shape, evaluation.motif)
    attention = attention_to_motifs(model, validation, test, evaluation.window, evaluation.motif)
    of_test = halves(windows) | of_samples.statistics | attention.statistics
    of_test |= _blocks(samples, names)
    statistics["test"] |= of_test
    statistics["validation"] |= {
        name: np.zeros(len(validation), values.dtype) for name, values in of_test.items()
    }
    figures = {f"{piece}.arcs": arcs for piece, arcs in arcs_of_samples(model, samples).items()}
    figures["distributions"] = distributions(generated_parts(samples), test, model.shape)
    return Evaluation(
        metrics={
            **{part: _rounded(metrics) for part, metrics in measured.items()},
            "samples": {part: _rounded(metrics) for part, metrics in of_samples.metrics.items()},
            "attention": {part: _rounded(metrics) for part, metrics in attention.metrics.items()},
        },
        records={
            split: records_of(encoded, split, (ids.tobytes() for ids in pieces), statistics[split])
            for split, pieces in (("test", test), ("validation", validation))
        },
        details={"test": _details(statistics["test"])},
        figures=figures,
    )


def _blocks(samples: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the statistics (piece,) of the blocks of continuations; none without blocks."""
    blocks = read_blocks(samples)
    if blocks is None:
        return {}
    described = read_json(samples / "samples.json") + read_json(samples / FURTHER)
    continued = {
        index: names.index(row["piece"])
        for index, row in enumerate(described)
        if row["piece"] is not None
    }
    return block_statistics(blocks.of(continued), list(continued.values()), len(names))


def _statistics(
    pieces: Sequence[np.ndarray], scored: Sequence[Scored], shape: DataShape
) -> dict[str, np.ndarray]:
    """Compute the statistics (piece,) of every metric."""
    hits = [piece.likeliest == ids[1:] for piece, ids in zip(scored, pieces, strict=True)]
    onsets = [_onsets(ids, shape) for ids in pieces]
    return {
        "nats": np.array([piece.nats.sum() for piece in scored]),
        "tokens": np.array([len(piece.nats) for piece in scored]),
        "hits": np.array([hit.sum() for hit in hits]),
        "onset_hits": np.array([hit[onset].sum() for hit, onset in zip(hits, onsets, strict=True)]),
        "onsets": np.array([onset.sum() for onset in onsets]),
    }


def _likelihood(statistics: dict[str, np.ndarray]) -> dict[str, float]:
    return {
        "nats_per_token": _mean(statistics, NATS_PER_TOKEN),
        "accuracy": _mean(statistics, ACCURACY),
        "onset_accuracy": _mean(statistics, ONSET_ACCURACY),
        "tokens": int(statistics["tokens"].sum()),
        "pieces": len(statistics["tokens"]),
    }


def _mean(statistics: dict[str, np.ndarray], names: Sequence[str]) -> float:
    return float(ratio(np.array([statistics[name].sum() for name in names], np.float64)))


def _details(statistics: dict[str, np.ndarray]) -> list[dict[str, float]]:
    rows = zip(statistics["nats"], statistics["tokens"].tolist(), strict=True)
    return [_rounded({"nats_per_token": nats / tokens, "tokens": tokens}) for nats, tokens in rows]


def _score(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], evaluation: MusicEvaluation
) -> list[Scored]:
    return score(model, pieces, evaluation.window, evaluation.stride)


def _onsets(ids: np.ndarray, shape: DataShape) -> np.ndarray:
    """Mark the tokens (token,) at which notes begin."""
    if is_grid(shape):
        return grid.onsets(grid.from_ids(ids)).reshape(-1)
    return codec_of(shape).begins_note(ids[1:])


def _baselines(
    train: Sequence[np.ndarray], test: Sequence[np.ndarray], shape: DataShape
) -> dict[str, float]:
    if is_grid(shape):
        return baselines(*([grid.from_ids(ids) for ids in part] for part in (train, test)))
    return event_baselines(train, test, codec_of(shape))


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in metrics.items()}

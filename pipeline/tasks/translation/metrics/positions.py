"""Measures whether positions reach the upper layers, and whether attention uses them there.

The lecture: residual connections carry positions upward; without them attention loses its diagonal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.settings import TransformerSettings
from models.shared.base import AutoregressiveModel
from pipeline.corpus import Split
from pipeline.tasks.translation.batches import Pairs
from pipeline.tasks.translation.metrics.statistics import CROSS_CORRELATION, PROBE_R2

_MAX_SENTENCES = 500  # of a split, evenly spaced
_RIDGE = 1e-3  # of the mean square of a feature
_MIN_MEAN_SQUARE = 1e-12  # keeps the ridge above 0 if all states are equal
_DIGITS = 6


@dataclass(frozen=True)
class Observation:
    """States and attention of a network on a sentence and its reference."""

    states: list[Tensor]  # (source, d_model): embeddings, then outputs of the encoder layers
    near_diagonal: Tensor  # (layer, source), encoder self-attention
    cross_correlation: Tensor  # (layer,), mean over heads

    @property
    def positions(self) -> Tensor:
        """The position of each row of `states`, (source,)."""
        return torch.arange(len(self.states[0]), dtype=torch.float64)


@dataclass(frozen=True)
class Positions:
    """What is left of the positions: by layer, and in the top layer by sentence of the test split.

    The statistics (sentence,) of `PROBE_R2` and `CROSS_CORRELATION` are 0 where a sentence was not
    observed. Both are empty if the network is not a Transformer.
    """

    layers: dict[str, dict[str, float]]
    statistics: dict[str, np.ndarray]


def positions_by_layer(model: AutoregressiveModel, encoded: Path) -> Positions:
    """Measure how much of the positions is left in each layer, on the test split.

    `probe_r2`: R^2 of a linear probe of the position, fitted on the validation split; of the
    embeddings (layer_0) and of the output of each encoder layer. `near_diagonal`: the share of
    encoder self-attention on the query and its two neighbours, mean over heads and queries;
    `near_diagonal_chance`: the same for uniform attention. `cross_correlation`: Pearson correlation
    of target and source positions under the cross-attention of the decoder layer, mean over heads
    and sentences; 1 for a diagonal of any slope, 0 for uniform attention.
    """
    if not isinstance(model.settings, TransformerSettings):
        return Positions({}, {})
    validation = _observe_all(model, encoded, "validation")
    test = _observe_all(model, encoded, "test")
    uniform = [_uniform(len(sentence.positions)) for sentence in test]
    chance = torch.cat([near_diagonal(weights) for weights in uniform]).mean()
    near = torch.cat([sentence.near_diagonal for sentence in test], dim=1).mean(dim=1)
    correlations = torch.stack([sentence.cross_correlation for sentence in test])
    layers = [{"probe_r2": _probe_layer(validation, test, 0)}]
    for layer in range(len(near)):
        layers.append(
            {
                "probe_r2": _probe_layer(validation, test, layer + 1),
                "near_diagonal": float(near[layer]),
                "near_diagonal_chance": float(chance),
                "cross_correlation": float(correlations[:, layer].mean()),
            }
        )
    return Positions(
        {
            f"layer_{layer}": {name: round(value, _DIGITS) for name, value in metrics.items()}
            for layer, metrics in enumerate(layers)
        },
        _statistics(validation, test, len(Pairs(encoded, "test"))),
    )


def _statistics(
    validation: list[Observation], test: list[Observation], sentences: int
) -> dict[str, np.ndarray]:
    """Return the statistics (sentence,) of the top layer."""
    top = len(test[0].states) - 1
    predict = fit_probe(*_rows(validation, top))
    positions = torch.cat([sentence.positions for sentence in test])
    statistics = {name: np.zeros(sentences) for name in (*PROBE_R2, CROSS_CORRELATION[0])}
    statistics[CROSS_CORRELATION[1]] = np.zeros(sentences, np.int64)
    for index, sentence in zip(_observed(sentences), test, strict=True):
        errors = sentence.positions - predict(sentence.states[top])
        deviations = sentence.positions - positions.mean()
        values = (errors.square().sum(), deviations.square().sum(), sentence.cross_correlation[-1])
        for name, value in zip((*PROBE_R2, CROSS_CORRELATION[0]), values, strict=True):
            statistics[name][index] = float(value)
        statistics[CROSS_CORRELATION[1]][index] = 1
    return statistics


def probe_r2(
    states: Tensor, positions: Tensor, test_states: Tensor, test_positions: Tensor
) -> float:
    """Fit a ridge regression of positions (row,) on states (row, feature); return the test R^2."""
    errors = test_positions - fit_probe(states, positions)(test_states)
    deviations = test_positions - test_positions.mean()
    return float(1 - errors.square().sum() / deviations.square().sum())


def fit_probe(states: Tensor, positions: Tensor) -> Callable[[Tensor], Tensor]:
    """Fit a ridge regression of positions (row,) on states (row, feature), and return it."""
    state_mean, position_mean = states.mean(dim=0), positions.mean()
    centred = states - state_mean
    squares = centred.T @ centred
    mean_square = (squares.trace() / len(squares)).clamp(min=_MIN_MEAN_SQUARE)
    ridge = _RIDGE * mean_square * torch.eye(len(squares), dtype=squares.dtype)
    weights = torch.linalg.solve(squares + ridge, centred.T @ (positions - position_mean))
    return lambda others: position_mean + (others - state_mean) @ weights


def near_diagonal(weights: Tensor) -> Tensor:
    """Sum weights (head, query, key) where |query - key| <= 1; mean over heads, (query,)."""
    return weights.tril(1).triu(-1).sum(dim=-1).mean(dim=0)


def correlation(weights: Tensor) -> Tensor:
    """Compute Pearson's correlation (...) of query and key under weights (..., query, key).

    Queries are equally likely. 0 if the weights do not depend on the query, or if there is only one
    query or key.
    """
    queries, keys = (torch.arange(length).to(weights) for length in weights.shape[-2:])
    joint = weights / len(queries)
    key_marginal = joint.sum(dim=-2)
    query = queries - queries.mean()
    key = keys - (key_marginal @ keys)[..., None]
    covariance = torch.einsum("...qk,q,...k->...", joint, query, key)
    variance = query.square().mean() * (key_marginal * key.square()).sum(dim=-1)
    return torch.where(variance > 0, covariance * variance.rsqrt(), 0.0)


def _probe_layer(validation: list[Observation], test: list[Observation], layer: int) -> float:
    return probe_r2(*_rows(validation, layer), *_rows(test, layer))


def _rows(sentences: list[Observation], layer: int) -> tuple[Tensor, Tensor]:
    """Concatenate states (row, d_model) and positions (row,) of all sentences."""
    states = torch.cat([sentence.states[layer] for sentence in sentences])
    return states, torch.cat([sentence.positions for sentence in sentences])


def _observe_all(model: AutoregressiveModel, encoded: Path, split: Split) -> list[Observation]:
    """Observe one sentence at a time, so that there is no padding to attend to."""
    pairs = Pairs(encoded, split)
    return [_observe(model, pairs, index) for index in _observed(len(pairs))]


def _observed(sentences: int) -> list[int]:
    """Return the sentences of a split that are observed, evenly spaced."""
    count = min(_MAX_SENTENCES, sentences)
    return [index * sentences // count for index in range(count)]


def _observe(model: AutoregressiveModel, pairs: Pairs, index: int) -> Observation:
    batch = pairs.batch([index]).to(next(model.parameters()).device)
    internals = model.internals(batch.inputs, batch.source)
    states, attention, cross = (
        [layer[0].double().cpu() for layer in layers]
        for layers in (
            internals.encoder_states,
            internals.encoder_attention,
            internals.cross_attention,
        )
    )
    return Observation(
        states,
        torch.stack([near_diagonal(weights) for weights in attention]),
        torch.stack([correlation(weights).mean() for weights in cross]),
    )


def _uniform(length: int) -> Tensor:
    """Return weights (1, query, key) of uniform attention."""
    return torch.full((1, length, length), 1 / length, dtype=torch.float64)

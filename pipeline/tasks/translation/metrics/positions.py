"""Whether positions reach the upper layers, and whether attention uses them there.

The lecture: residual sums carry positions upward; without them attention loses its diagonal.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.settings import TransformerSettings
from models.shared.base import AutoregressiveModel
from pipeline.corpus import Split
from pipeline.tasks.translation.batches import Pairs

_SENTENCES = 500  # of a split, at most, evenly spread
_RIDGE = 1e-3  # of the mean square of a feature
_TINY = 1e-12  # instead of no ridge at all, where all states are the same
_DIGITS = 6


@dataclass(frozen=True)
class Observed:
    """What a network does inside with a sentence and its reference."""

    states: list[Tensor]  # (source, d_model): the embeddings, then the output of each encoder layer
    near_diagonal: Tensor  # (layer, source), of encoder self-attention
    cross_correlation: Tensor  # (layer,), mean over heads

    @property
    def positions(self) -> Tensor:
        """The position of each row of `states`, (source,)."""
        return torch.arange(len(self.states[0]), dtype=torch.float64)


def positions_by_layer(model: AutoregressiveModel, encoded: Path) -> dict[str, dict[str, float]]:
    """How much of positions is left in each layer, measured on the test split.

    `probe_r2` of layer_0, the embeddings, and of what each encoder layer returns: R^2 of a linear
    probe of the position, fitted on the validation split. `near_diagonal`: the share of encoder
    self-attention that goes to the same and the two neighbouring positions, mean over heads and
    queries; `near_diagonal_chance` that of uniform attention. `cross_correlation`: that of target
    and source positions under the cross-attention of the decoder layer of that number, mean over
    heads and sentences; 1 is a diagonal of any slope, 0 what uniform attention has. Empty for a
    network that is no Transformer.
    """
    if not isinstance(model.settings, TransformerSettings):
        return {}
    fitted_on = _observe_all(model, encoded, "validation")
    measured_on = _observe_all(model, encoded, "test")
    uniform = [_uniform(len(each.positions)) for each in measured_on]
    chance = torch.cat([near_diagonal(each) for each in uniform]).mean()
    near = torch.cat([each.near_diagonal for each in measured_on], dim=1).mean(dim=1)
    across = torch.stack([each.cross_correlation for each in measured_on]).mean(dim=0)
    layers = [{"probe_r2": _probed(fitted_on, measured_on, 0)}]
    for layer in range(len(near)):
        layers.append(
            {
                "probe_r2": _probed(fitted_on, measured_on, layer + 1),
                "near_diagonal": float(near[layer]),
                "near_diagonal_chance": float(chance),
                "cross_correlation": float(across[layer]),
            }
        )
    return {
        f"layer_{layer}": {name: round(value, _DIGITS) for name, value in measured.items()}
        for layer, measured in enumerate(layers)
    }


def probe_r2(
    states: Tensor, positions: Tensor, test_states: Tensor, test_positions: Tensor
) -> float:
    """R^2 on test states of the ridge regression of positions (row,) on states (row, feature)."""
    centre, middle = states.mean(dim=0), positions.mean()
    centred = states - centre
    squares = centred.T @ centred
    mean_square = (squares.trace() / len(squares)).clamp(min=_TINY)
    ridge = _RIDGE * mean_square * torch.eye(len(squares), dtype=squares.dtype)
    weights = torch.linalg.solve(squares + ridge, centred.T @ (positions - middle))
    errors = test_positions - middle - (test_states - centre) @ weights
    spread = test_positions - test_positions.mean()
    return float(1 - errors.square().sum() / spread.square().sum())


def near_diagonal(weights: Tensor) -> Tensor:
    """The share of weights (head, query, key) with |query - key| <= 1, mean of heads, (query,)."""
    return weights.tril(1).triu(-1).sum(dim=-1).mean(dim=0)


def correlation(weights: Tensor) -> Tensor:
    """Pearson's, of query and key under weights (..., query, key), queries equally likely: (...).

    0 where the weights do not depend on the query, or there is one query or key alone.
    """
    queries, keys = (torch.arange(length).to(weights) for length in weights.shape[-2:])
    joint = weights / len(queries)
    of_key = joint.sum(dim=-2)
    query = queries - queries.mean()
    key = keys - (of_key @ keys)[..., None]
    covariance = torch.einsum("...qk,q,...k->...", joint, query, key)
    variance = query.square().mean() * (of_key * key.square()).sum(dim=-1)
    return torch.where(variance > 0, covariance / variance.sqrt(), 0.0)


def _probed(fitted_on: list[Observed], measured_on: list[Observed], layer: int) -> float:
    return probe_r2(*_rows(fitted_on, layer), *_rows(measured_on, layer))


def _rows(observed: list[Observed], layer: int) -> tuple[Tensor, Tensor]:
    """The states and the positions of all sentences, end to end."""
    states = torch.cat([each.states[layer] for each in observed])
    return states, torch.cat([each.positions for each in observed])


def _observe_all(model: AutoregressiveModel, encoded: Path, split: Split) -> list[Observed]:
    """One sentence at a time, so that there is no padding to attend to."""
    pairs = Pairs(encoded, split)
    count = min(_SENTENCES, len(pairs))
    return [_observe(model, pairs, index * len(pairs) // count) for index in range(count)]


def _observe(model: AutoregressiveModel, pairs: Pairs, index: int) -> Observed:
    batch = pairs.batch([index]).to(next(model.parameters()).device)
    inside = model.internals(batch.inputs, batch.source)
    return Observed(
        [each[0].double().cpu() for each in inside.encoder_states],
        torch.stack([near_diagonal(each[0].double().cpu()) for each in inside.encoder_attention]),
        torch.stack(
            [correlation(each[0].double().cpu()).mean() for each in inside.cross_attention]
        ),
    )


def _uniform(length: int) -> Tensor:
    """Weights (1, query, key) of attention that prefers nothing."""
    return torch.full((1, length, length), 1 / length, dtype=torch.float64)

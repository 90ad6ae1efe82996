"""Samples a translation piece by piece."""

import numpy as np
import torch
from torch import Tensor

from models.shared.base import PADDING, AutoregressiveModel
from pipeline.decoding.sampling import weights
from pipeline.settings.base import Sampling
from pipeline.tasks.translation.decoding.beam import Hypothesis
from pipeline.training.batches import pad


@torch.no_grad()
def sample_sequence(
    model: AutoregressiveModel,
    sources: list[Tensor],
    begin: int,
    end: int,
    sampling: Sampling,
    extra_length: int,
) -> list[Hypothesis]:
    """A sampled translation of each source, with its log P as the score, in one batch.

    A translation has at most as many ids as its source plus `extra_length`, the end included. What
    is drawn for a source follows from the seed and its ids: the same alone and in any batch.
    """
    device = next(model.parameters()).device
    limits = torch.tensor([len(source) + extra_length for source in sources], device=device)
    longest = int(limits.max())
    uniform = torch.from_numpy(_uniform(sources, longest, sampling.seed)).to(device)
    ids = torch.full((len(sources), longest), end, device=device)
    log_probs = torch.zeros(len(sources), dtype=torch.float64, device=device)
    padded = pad([source.numpy() for source in sources], PADDING).to(device)
    state = model.init_state(padded, 1, longest)
    open_rows = torch.arange(len(sources), device=device)
    last = torch.full((len(sources),), begin, device=device)
    for position in range(longest):
        logits = model.step(last, state)
        drawn = _pick(weights(logits, sampling), uniform[open_rows, position])
        drawn = drawn.masked_fill(limits[open_rows] == position + 1, end)
        gained = logits.log_softmax(dim=-1).gather(-1, drawn[:, None]).squeeze(-1)
        log_probs[open_rows] += gained.double()
        ids[open_rows, position] = drawn
        going = (drawn != end).nonzero().squeeze(-1)
        if len(going) == 0:
            break
        if len(going) < len(drawn):
            state.reorder(going)
        open_rows, last = open_rows[going], drawn[going]
    found = zip(ids.tolist(), log_probs.tolist(), strict=True)
    return [Hypothesis(row[: row.index(end)], log_prob) for row, log_prob in found]


def _uniform(sources: list[Tensor], longest: int, seed: int) -> np.ndarray:
    """A number in [0, 1) for each position of each source: (sentence, position)."""
    return np.stack(
        [np.random.default_rng([seed, *source.tolist()]).random(longest) for source in sources]
    )


def _pick(weights: Tensor, uniform: Tensor) -> Tensor:
    """The id (batch,) at which the sum of weights (batch, outputs) exceeds its share `uniform`."""
    sums = weights.double().cumsum(dim=-1)
    return (sums <= uniform[:, None] * sums[:, -1:]).sum(dim=-1)

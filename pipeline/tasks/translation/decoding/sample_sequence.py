"""Ancestral sampling of translations."""

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
    bos: int,
    eos: int,
    sampling: Sampling,
    extra_length: int,
) -> list[Hypothesis]:
    """Sample a translation of each source, scored by its log P; all sources form one batch.

    A translation has at most len(source) + `extra_length` ids, EOS included. It is a function of
    the seed and of the ids of its source, whatever the batch.
    """
    device = next(model.parameters()).device
    limits = torch.tensor([len(source) + extra_length for source in sources], device=device)
    max_length = int(limits.max())
    uniform = torch.from_numpy(_uniform(sources, max_length, sampling.seed)).to(device)
    ids = torch.full((len(sources), max_length), eos, device=device)
    log_probs = torch.zeros(len(sources), dtype=torch.float64, device=device)
    padded = pad([source.numpy() for source in sources], PADDING).to(device)
    state = model.init_state(padded, 1, max_length)
    active = torch.arange(len(sources), device=device)
    last = torch.full((len(sources),), bos, device=device)
    for position in range(max_length):
        logits = model.step(last, state)
        sampled = _pick(weights(logits, sampling), uniform[active, position])
        sampled = sampled.masked_fill(limits[active] == position + 1, eos)
        gains = logits.log_softmax(dim=-1).gather(-1, sampled[:, None]).squeeze(-1)
        log_probs[active] += gains.double()
        ids[active, position] = sampled
        kept = (sampled != eos).nonzero().squeeze(-1)
        if len(kept) == 0:
            break
        if len(kept) < len(sampled):
            state.reorder(kept)
        active, last = active[kept], sampled[kept]
    rows = zip(ids.tolist(), log_probs.tolist(), strict=True)
    return [Hypothesis(row[: row.index(eos)], log_prob) for row, log_prob in rows]


def _uniform(sources: list[Tensor], max_length: int, seed: int) -> np.ndarray:
    """Uniform random numbers (sentence, position) in [0, 1), a function of seed and source."""
    return np.stack(
        [np.random.default_rng([seed, *source.tolist()]).random(max_length) for source in sources]
    )


def _pick(weights: Tensor, uniform: Tensor) -> Tensor:
    """Invert the CDF of weights (batch, output) at uniform (batch,): the sampled ids (batch,)."""
    sums = weights.double().cumsum(dim=-1)
    return (sums <= uniform[:, None] * sums[:, -1:]).sum(dim=-1)

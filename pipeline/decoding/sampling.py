"""Ancestral sampling of the missing ids of a sequence, for any task."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.shared.base import AutoregressiveModel
from pipeline.console import Progress
from pipeline.settings.base import Sampling

TO_SAMPLE = -1  # placeholder of a missing id in a template


@torch.no_grad()
def fill(
    model: AutoregressiveModel,
    template: Tensor,
    sampling: Sampling,
    progress: Progress | None = None,
    source: Tensor | None = None,
    enough: Callable[[Tensor], bool] | None = None,
) -> Tensor:
    """Sample the ids of template (batch, length) that are TO_SAMPLE, in order.

    Each is conditioned on all ids before it, sampled or given, but not on later ones. The first
    column has to be given. The rows of a source (source, position) are consecutive. Stops early
    when the filled columns are `enough`. Each position is computed once. Rows have no ancestors in
    common, so each has a copy of its source: only those of a search share one.
    """
    batch, length = template.shape
    random = torch.Generator(device=template.device).manual_seed(sampling.seed)
    if source is None:
        state = model.init_state(None, batch, length - 1)
    else:
        copies = source.repeat_interleave(batch // len(source), dim=0)
        state = model.init_state(copies, 1, length - 1)
    filled = template.clone()
    for position in range(1, length):
        logits = model.step(filled[:, position - 1], state)
        sampled = sample(logits, sampling, random)
        given = template[:, position]
        filled[:, position] = torch.where(given == TO_SAMPLE, sampled, given)
        if progress is not None:
            progress.update(position)
        if enough is not None and enough(filled[:, : position + 1]):
            return filled[:, : position + 1]
    return filled


def sample(logits: Tensor, sampling: Sampling, random: torch.Generator) -> Tensor:
    """Sample ids (batch,) from logits (batch, outputs)."""
    return torch.multinomial(weights(logits, sampling), 1, generator=random).squeeze(-1)


def weights(logits: Tensor, sampling: Sampling) -> Tensor:
    """Return unnormalised sampling probabilities (batch, outputs) of logits (batch, outputs)."""
    probabilities = (logits / sampling.temperature).softmax(dim=-1)
    if sampling.top_k is None and sampling.top_p == 1.0:
        return probabilities
    return _truncate(probabilities, sampling.top_k, sampling.top_p)


def _truncate(probabilities: Tensor, top_k: int | None, top_p: float) -> Tensor:
    """Zero all but the `top_k` likeliest ids and the fewest with total probability `top_p`."""
    ordered, ids = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(dim=-1) - ordered
    kept = before < top_p
    if top_k is not None:
        kept[:, top_k:] = False
    return torch.zeros_like(probabilities).scatter_(-1, ids, ordered * kept)

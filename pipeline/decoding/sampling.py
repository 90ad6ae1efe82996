"""Samples the ids of a sequence that are not given, one after the other; knows no task."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.shared.base import AutoregressiveModel
from pipeline.console import Progress
from pipeline.settings.base import Sampling

TO_SAMPLE = -1  # an id of a template that is to be sampled


@torch.no_grad()
def fill(
    model: AutoregressiveModel,
    template: Tensor,
    sampling: Sampling,
    progress: Progress | None = None,
    source: Tensor | None = None,
    enough: Callable[[Tensor], bool] | None = None,
) -> Tensor:
    """Sample the ids of template (batch, length) that are TO_SAMPLE, from the first to the last.

    Each is conditioned on all before it, the given ones included; ids after it have no influence.
    The first column is always given. The rows of a source (source, ids) are consecutive. Ends
    early, with what is filled, when that is `enough`. Uses the model's cache: each position is
    computed once.
    """
    batch, length = template.shape
    random = torch.Generator(device=template.device).manual_seed(sampling.seed)
    copies = batch if source is None else batch // len(source)
    state = model.init_state(source, copies, length - 1)
    filled = template.clone()
    for position in range(1, length):
        logits = model.step(filled[:, position - 1], state)
        drawn = draw(logits, sampling, random)
        given = template[:, position]
        filled[:, position] = torch.where(given == TO_SAMPLE, drawn, given)
        if progress is not None:
            progress.update(position)
        if enough is not None and enough(filled[:, : position + 1]):
            return filled[:, : position + 1]
    return filled


def draw(logits: Tensor, sampling: Sampling, random: torch.Generator) -> Tensor:
    """Draw an id (batch,) from logits (batch, outputs)."""
    return torch.multinomial(weights(logits, sampling), 1, generator=random).squeeze(-1)


def weights(logits: Tensor, sampling: Sampling) -> Tensor:
    """What the ids (batch, outputs) are drawn in proportion to, from logits of the same shape."""
    probabilities = (logits / sampling.temperature).softmax(dim=-1)
    if sampling.top_k is None and sampling.top_p == 1.0:
        return probabilities
    return _truncate(probabilities, sampling.top_k, sampling.top_p)


def _truncate(probabilities: Tensor, top_k: int | None, top_p: float) -> Tensor:
    """Zero all but the k likeliest, and all beyond the fewest that hold probability p."""
    ordered, ids = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(dim=-1) - ordered
    kept = before < top_p
    if top_k is not None:
        kept[:, top_k:] = False
    return torch.zeros_like(probabilities).scatter_(-1, ids, ordered * kept)

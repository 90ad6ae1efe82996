"""Output heads: map hidden states to the distribution of the targets.

No caller needs all logits of all positions at once: likelihood uses `nats` of the targets, sampling
`next_logits` of the last position.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from models.shared.products import Linear, linear

IGNORED = -100  # target id of padding, excluded from losses and metrics
CHUNK_LOGITS = 2**24  # logits per chunk: 64 MiB in float32, and the same for their gradient


class Head(nn.Module, ABC):
    """The distribution of a target given a hidden state."""

    @abstractmethod
    def nats(self, hidden: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Return -log p of targets (batch, target) in nats, 0 where a target is IGNORED.

        With label smoothing, return the cross-entropy with a distribution that gives
        1 - label_smoothing to the target and spreads the rest evenly over all outputs (Vaswani
        et al. 2017, section 5.4). `hidden` is what the network's `forward` returns.
        """


class OutputHead(Head):
    """The distribution of the next id given a hidden state."""

    @abstractmethod
    def next_logits(self, hidden: Tensor, observed: Tensor | None = None) -> Tensor:
        """Map hidden states (..., features) to logits (..., outputs) of the next id.

        If several ids share a hidden state (the channels of a pixel), `observed` (..., ids) are
        those already generated.
        """


class ProposalHead(OutputHead):
    """A head that also proposes the ids after the next one."""

    @abstractmethod
    def proposals(self, hidden: Tensor) -> Tensor:
        """Map hidden (..., d_model) to states (..., proposal, d_model) for `next_logits`.

        The first is `hidden` itself, for the next id; each further one is for the id after.
        """


class Softmax(OutputHead):
    """Linear projection and softmax; with tied embeddings the weights are the embedding's.

    Vaswani et al. 2017, section 3.4.
    """

    def __init__(self, d_model: int, outputs: int, tied: nn.Embedding | None = None) -> None:
        super().__init__()
        self.outputs = outputs
        self.output_projection = Linear(d_model, outputs) if tied is None else None
        self._tied = (tied,)  # in a tuple, so that its weights are registered once

    def nats(self, hidden: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """See Head. Chunks of CHUNK_LOGITS are recomputed in the backward pass."""

        def chunk_nats(hidden: Tensor, targets: Tensor) -> Tensor:
            return softmax_nats(self.next_logits(hidden), targets, label_smoothing)

        rows = max(1, CHUNK_LOGITS // self.outputs)
        chunks = list(
            zip(hidden.flatten(0, -2).split(rows), targets.flatten().split(rows), strict=True)
        )
        if len(chunks) == 1:
            return chunk_nats(*chunks[0]).view(targets.shape)
        nats = [checkpoint(chunk_nats, *chunk, use_reentrant=False) for chunk in chunks]
        return torch.cat(nats).view(targets.shape)

    def next_logits(self, hidden: Tensor, observed: Tensor | None = None) -> Tensor:
        """Map hidden (..., d_model) to logits (..., outputs)."""
        if self.output_projection is not None:
            return self.output_projection(hidden)
        return linear(hidden, self._tied[0].weight[: self.outputs])


class LaplaceHead(Head):
    """A number under a Laplace distribution of scale 1, its location linear in the hidden state.

    -ln p = |y - mu| + ln 2, so that the loss is the absolute error, and mu the predicted median.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.output_projection = Linear(d_model, 1)

    def location(self, hidden: Tensor) -> Tensor:
        """Map hidden (batch, d_model) to the predicted numbers mu (batch, 1)."""
        return self.output_projection(hidden)

    def nats(self, hidden: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """See Head: hidden (batch, d_model), targets (batch, 1); no label_smoothing."""
        return (targets - self.location(hidden)).abs() + math.log(2.0)


def softmax_nats(logits: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    """Return `Head.nats` (target,) of targets (target,) under logits (target, outputs).

    In float32 at least, whatever the precision of the logits.
    """
    return _SoftmaxNats.apply(logits, targets, label_smoothing)


class _SoftmaxNats(torch.autograd.Function):
    """F.cross_entropy with label_smoothing in less memory.

    Its backward pass needs one tensor of the size of the logits, the largest of a training; that of
    F.cross_entropy needs three.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        dtype = torch.promote_types(logits.dtype, torch.float32)
        log_probs = logits.log_softmax(dim=-1, dtype=dtype)
        counted = (targets != IGNORED).to(log_probs.dtype)
        targets = targets.clamp(min=0)[:, None]
        ctx.save_for_backward(log_probs, targets, counted)
        ctx.label_smoothing = label_smoothing
        nats = (label_smoothing - 1.0) * log_probs.gather(1, targets).squeeze(1)
        if label_smoothing > 0.0:
            nats = nats - label_smoothing * log_probs.mean(dim=-1)
        return nats * counted

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """p - (1 - label_smoothing) [target] - label_smoothing / outputs, times the gradient."""
        log_probs, targets, counted = ctx.saved_tensors
        difference = log_probs.exp()
        if ctx.label_smoothing > 0.0:
            difference -= ctx.label_smoothing / difference.shape[-1]
        target_term = torch.full_like(counted, ctx.label_smoothing - 1.0)[:, None]
        difference.scatter_add_(1, targets, target_term)
        return difference.mul_((gradient * counted)[:, None]), None, None

"""Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4), padding left out."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORED = -100  # a target that is padding: in no loss and in no metric


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Mean nats per target that is not IGNORED.

    logits (batch, target, outputs), targets (batch, target). The smoothed distribution gives
    1 - smoothing to the target and spreads `smoothing` evenly over all outputs.
    """
    return _SmoothedCrossEntropy.apply(logits.flatten(0, 1), targets.flatten(), smoothing)


class _SmoothedCrossEntropy(torch.autograd.Function):
    """F.cross_entropy with label_smoothing, whose backward pass takes three tensors of the size of
    the logits, the largest of a training, where this takes one.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        log_probs = logits.log_softmax(dim=-1)  # (target, outputs)
        counted = (targets != IGNORED).to(log_probs.dtype)
        targets, shares = targets.clamp(min=0)[:, None], counted / counted.sum()
        ctx.save_for_backward(log_probs, targets, shares)
        ctx.smoothing = smoothing
        nats = (smoothing - 1.0) * log_probs.gather(1, targets).squeeze(1)
        if smoothing > 0.0:
            nats = nats - smoothing * log_probs.mean(dim=-1)
        return (nats * shares).sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """p - (1 - smoothing) [target] - smoothing / outputs, times the share in the mean."""
        log_probs, targets, shares = ctx.saved_tensors
        difference = log_probs.exp()
        if ctx.smoothing > 0.0:
            difference -= ctx.smoothing / difference.shape[-1]
        asked = torch.full_like(shares, ctx.smoothing - 1.0)[:, None]
        difference.scatter_add_(1, targets, asked)
        return difference.mul_((gradient * shares)[:, None]), None, None


def token_nats(logits: Tensor, targets: Tensor) -> Tensor:
    """-log p of each target, (batch, target), in nats; 0 where the target is IGNORED."""
    # Flat: for (batch, outputs, target) it is slow, and CUDA has no deterministic kernel.
    nats = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return nats.view(targets.shape)

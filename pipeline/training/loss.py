"""Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4), padding left out."""

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORED = -100  # a target that is padding: in no loss and in no metric


class _SmoothedCrossEntropy(torch.autograd.Function):
    """The sum over targets, with the gradient computed in the forward pass.

    softmax(logits) - smoothed targets is the gradient; keeping it instead of log-probabilities
    walks over the (position, outputs) tensor half as often, which dominates a small model's loss.
    """

    @staticmethod
    def forward(context, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        outputs = logits.shape[-1]
        log_normaliser = logits.logsumexp(dim=-1)
        chosen = logits.gather(-1, targets[:, None]).squeeze(-1)
        loss = log_normaliser - (1.0 - smoothing) * chosen
        if smoothing:
            loss = loss - smoothing * logits.mean(dim=-1)
        gradient = (logits - log_normaliser[:, None]).exp_()
        if smoothing:
            gradient -= smoothing / outputs
        gradient.scatter_add_(
            -1, targets[:, None], torch.full_like(chosen[:, None], smoothing - 1.0)
        )
        context.save_for_backward(gradient)
        return loss.sum()

    @staticmethod
    def backward(context, upstream: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = context.saved_tensors
        return gradient * upstream, None, None


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Mean nats per target that is not IGNORED.

    logits (batch, target, outputs), targets (batch, target). The smoothed distribution gives
    1 - smoothing to the target and spreads `smoothing` evenly over all outputs.
    """
    counted = targets != IGNORED
    kept = targets[counted]
    return _SmoothedCrossEntropy.apply(logits[counted], kept, smoothing) / len(kept)


def token_nats(logits: Tensor, targets: Tensor) -> Tensor:
    """-log p of each target, (batch, target), in nats; 0 where the target is IGNORED."""
    # Flat: for (batch, outputs, target) it is slow, and CUDA has no deterministic kernel.
    nats = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return nats.view(targets.shape)

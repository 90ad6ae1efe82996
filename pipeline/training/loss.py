"""Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4), padding left out."""

from torch import Tensor
from torch.nn import functional as F

IGNORED = -100  # a target that is padding: in no loss and in no metric


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Mean nats per target that is not IGNORED.

    logits (batch, target, outputs), targets (batch, target). The smoothed distribution gives
    1 - smoothing to the target and spreads `smoothing` evenly over all outputs.
    """
    return F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, label_smoothing=smoothing
    )


def token_nats(logits: Tensor, targets: Tensor) -> Tensor:
    """-log p of each target, (batch, target), in nats; 0 where the target is IGNORED."""
    # Flat: for (batch, outputs, target) it is slow, and CUDA has no deterministic kernel.
    nats = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return nats.view(targets.shape)

"""How likely a model finds given ids."""

import torch
from torch import Tensor, nn

from pipeline.training.loss import token_nats


@torch.no_grad()
def token_nll(
    model: nn.Module, inputs: Tensor, targets: Tensor, source: Tensor | None = None
) -> Tensor:
    """-log p of each target, (batch, target), in nats; 0 where the target is IGNORED."""
    logits = model(inputs) if source is None else model(inputs, source)
    return token_nats(logits, targets)

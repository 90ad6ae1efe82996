"""Probabilities of the classes under a network."""

import numpy as np
import torch

from models.shared.base import Model
from pipeline.tasks.classification.batches import Passages


@torch.no_grad()
def probabilities_of(model: Model, passages: Passages, batch_passages: int) -> np.ndarray:
    """Return the probabilities (passage, class) that `model` gives the passages of a split."""
    device = next(model.parameters()).device
    found = []
    for first in range(0, len(passages), batch_passages):
        batch = passages.batch(passages.indexes(first, batch_passages), model.settings.structure)
        logits = model.head.next_logits(model(batch.inputs.to(device)))
        found.append(logits.double().softmax(dim=-1).cpu())
    return torch.cat(found).numpy()

"""Passages that the page shows, with what the heads or hops of a network look at."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.settings import Structure
from models.shared.base import Model
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.codec import Codec

_PER_MILLE = 1000  # unit of the weights


@torch.no_grad()
def shown_passages(
    model: Model,
    encoded: Path,
    names: list[str],
    passages: Passages,
    probabilities: np.ndarray,
    count: int,
) -> dict[str, Any]:
    """Describe `count` test passages, from all of the split.

    `weights` (layer, head, piece) are in per mille: the attention of a head to each piece, its mean
    over the queries; a hop is a head. Of a decoder it is that of the last query, whose state is
    read. None for a network without attention.
    """
    codec = Codec.load(encoded)
    device = next(model.parameters()).device
    described = []
    for index in passages.spread(count):
        batch = passages.batch(np.array([index]), model.settings.structure).to(device)
        internals = model.internals(batch.inputs)
        layers = [] if internals is None else internals.encoder_attention
        described.append(
            {
                "pieces": codec.texts(passages.tokens[index]),
                "class": names[passages.classes[index]],
                "predicted": names[probabilities[index].argmax()],
                "probability": round(float(probabilities[index].max()), 3),
                "weights": [
                    (_looked_at(weights[0].double(), model) * _PER_MILLE).round().int().tolist()
                    for weights in layers
                ],
            }
        )
    return {"passages": described}


def _looked_at(weights: Tensor, model: Model) -> Tensor:
    """Map weights (head, query, key) of a passage to (head, piece); a decoder has marks around."""
    if model.settings.structure is Structure.DECODER:
        return weights[:, -1, 1:-1]
    return weights.mean(dim=1)

"""Passages that the page shows, with what the heads or hops of a network look at."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

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
    over the queries; a hop is a head. None for a network without attention.
    """
    codec = Codec.load(encoded)
    device = next(model.parameters()).device
    described = []
    for index in np.linspace(0, len(passages) - 1, min(count, len(passages)), dtype=int):
        batch = passages.batch(np.array([index])).to(device)
        internals = model.internals(batch.inputs)
        layers = [] if internals is None else internals.encoder_attention
        described.append(
            {
                "pieces": codec.texts(passages.tokens[index]),
                "class": names[passages.classes[index]],
                "predicted": names[probabilities[index].argmax()],
                "probability": round(float(probabilities[index].max()), 3),
                "weights": [
                    (weights[0].double().mean(dim=1) * _PER_MILLE).round().int().tolist()
                    for weights in layers
                ],
            }
        )
    return {"passages": described}

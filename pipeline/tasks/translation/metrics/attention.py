"""What each head attends to in a few sentences: the lecture's "who did what to whom"."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.settings import TransformerSettings
from models.shared.base import AutoregressiveModel
from pipeline.corpus import read_sequences
from pipeline.tasks.translation.batches import with_end
from pipeline.tasks.translation.codec import BOS, Codec

SHORTEST, LONGEST = 6, 16  # pieces of a source: enough to relate, few enough to draw
_PER_MILLE = 1000


def attention_of_sentences(
    model: AutoregressiveModel, encoded: Path, hypotheses: Sequence[str], count: int
) -> dict[str, list[dict[str, Any]]]:
    """The weights of every layer and head in `count` test sentences and their `hypotheses`.

    {"sentences": [{"source": pieces, "target": pieces, "encoder": w, "decoder": w, "cross": w}]},
    where w[layer][head][query][key] is in per mille and `source` ends with the end of the sentence.
    `target` are the pieces that the decoder reads, from the beginning of the sentence on: its query
    at a piece predicts the next. No sentences for a network that is no Transformer.
    """
    if count == 0 or not isinstance(model.settings, TransformerSettings):
        return {"sentences": []}
    codec = Codec.load(encoded)
    sources = read_sequences(encoded, "test", "source")
    return {
        "sentences": [
            _sentence(model, with_end(sources, [index])[0], hypotheses[index], codec)
            for index in chosen(sources.lengths, count)
        ]
    }


def chosen(lengths: np.ndarray, count: int) -> list[int]:
    """Which of the sentences with `lengths` (sentence,): `count`, or all that fit, evenly spread.

    The same for every network, so that their maps can be compared.
    """
    fitting = np.flatnonzero((lengths >= SHORTEST) & (lengths <= LONGEST))
    count = min(count, len(fitting))
    return [int(fitting[(2 * index + 1) * len(fitting) // (2 * count)]) for index in range(count)]


def _sentence(
    model: AutoregressiveModel, source: np.ndarray, hypothesis: str, codec: Codec
) -> dict[str, Any]:
    target = np.array([BOS, *codec.encode(hypothesis)])
    device = next(model.parameters()).device
    rows = (torch.from_numpy(ids.astype(np.int64))[None].to(device) for ids in (target, source))
    inside = model.internals(*rows)
    names = codec.vocabulary()
    return {
        "source": [names[index] for index in source],
        "target": [names[index] for index in target],
        "encoder": _per_mille(inside.encoder_attention),
        "decoder": _per_mille(inside.decoder_attention),
        "cross": _per_mille(inside.cross_attention),
    }


def _per_mille(layers: Sequence[Tensor]) -> list:
    """Weights (1, head, query, key) of each layer as nested lists of whole numbers."""
    return (torch.cat(list(layers)) * _PER_MILLE).round().int().tolist()

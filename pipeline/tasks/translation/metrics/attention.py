"""Attention maps of all heads on a few sentences: the lecture's "who did what to whom"."""

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

SHORTEST, LONGEST = 6, 16  # tokens of a source: enough to relate, few enough to draw
_PER_MILLE = 1000


def attention_of_sentences(
    model: AutoregressiveModel, encoded: Path, hypotheses: Sequence[str], count: int
) -> dict[str, list[dict[str, Any]]]:
    """Compute the attention of every layer and head on `count` test sentences and hypotheses.

    {"sentences": [{"source": tokens, "target": tokens, "encoder": w, "decoder": w, "cross": w}]},
    where w[layer][head][query][key] is in per mille and `source` ends with EOS. `target` is what
    the decoder reads, from BOS on: its query at a token predicts the next token. There are no
    sentences if the network is not a Transformer.
    """
    if count == 0 or not isinstance(model.settings, TransformerSettings):
        return {"sentences": []}
    codec = Codec.load(encoded)
    sources = read_sequences(encoded, "test", "source")
    return {
        "sentences": [
            _sentence(model, with_end(sources, [index])[0], hypotheses[index], codec)
            for index in select_sentences(sources.lengths, count)
        ]
    }


def select_sentences(lengths: np.ndarray, count: int) -> list[int]:
    """Select `count` evenly spaced sentences of suitable lengths (sentence,), or all of them.

    The selection does not depend on the network, so that maps can be compared.
    """
    fitting = np.flatnonzero((lengths >= SHORTEST) & (lengths <= LONGEST))
    count = min(count, len(fitting))
    return [int(fitting[(2 * index + 1) * len(fitting) // (2 * count)]) for index in range(count)]


def _sentence(
    model: AutoregressiveModel, source: np.ndarray, hypothesis: str, codec: Codec
) -> dict[str, Any]:
    target = np.array([BOS, *codec.encode(hypothesis)])
    device = next(model.parameters()).device
    batch = (torch.from_numpy(ids.astype(np.int64))[None].to(device) for ids in (target, source))
    internals = model.internals(*batch)
    vocabulary = codec.vocabulary()
    return {
        "source": [vocabulary[index] for index in source],
        "target": [vocabulary[index] for index in target],
        "encoder": _per_mille(internals.encoder_attention),
        "decoder": _per_mille(internals.decoder_attention),
        "cross": _per_mille(internals.cross_attention),
    }


def _per_mille(layers: Sequence[Tensor]) -> list:
    """Round weights (1, head, query, key) of each layer to nested lists of integers."""
    return (torch.cat(list(layers)) * _PER_MILLE).round().int().tolist()

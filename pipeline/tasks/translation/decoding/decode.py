"""Translates the test split: samples/translations.jsonl."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from pipeline.config import TranslationDecoding
from pipeline.console import Progress
from pipeline.corpus import read_sequences
from pipeline.decoding.beam import Hypothesis, search
from pipeline.files import write_atomically
from pipeline.tasks.translation.batches import with_end
from pipeline.tasks.translation.codec import BOS, EOS, Codec

TRANSLATIONS = "translations.jsonl"


def decode(model: nn.Module, encoded: Path, samples: Path, decoding: TranslationDecoding) -> None:
    """Write source, reference, hypothesis and score of each test sentence, one JSON object a line.

    The score is log P of the best hypothesis over its length penalty.
    """
    codec = Codec.load(encoded)
    sources = (encoded / "test.source.txt").read_text(encoding="utf-8").splitlines()
    references = (encoded / "test.target.txt").read_text(encoding="utf-8").splitlines()
    best = translate(model, encoded, decoding)
    rows = [
        {
            "source": source,
            "reference": reference,
            "hypothesis": codec.decode(hypothesis.ids),
            "score": round(hypothesis.score, 6),
        }
        for source, reference, hypothesis in zip(sources, references, best, strict=True)
    ]
    lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    write_atomically(samples / TRANSLATIONS, "".join(lines).encode())


def translate(model: nn.Module, encoded: Path, decoding: TranslationDecoding) -> list[Hypothesis]:
    """The best hypothesis of each test source; sentences of about equal length share a batch."""
    sequences = read_sequences(encoded, "test", "source")
    order = np.argsort(sequences.lengths, kind="stable")
    found: dict[int, Hypothesis] = {}
    progress = Progress("translating", len(order))
    for start in range(0, len(order), decoding.batch_sentences):
        indexes = order[start : start + decoding.batch_sentences]
        sources = [torch.from_numpy(ids).long() for ids in with_end(sequences, indexes)]
        results = search(model, sources, BOS, EOS, decoding)
        found |= {int(i): hypotheses[0] for i, hypotheses in zip(indexes, results, strict=True)}
        progress.update(len(found))
    return [found[index] for index in range(len(order))]

"""Translates the test sets: samples/<split>.jsonl."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from pipeline.console import Progress
from pipeline.corpus import Split, all_tests, read_sequences
from pipeline.decoding.beam import Hypothesis, search
from pipeline.files import write_atomically
from pipeline.tasks.translation.batches import with_end
from pipeline.tasks.translation.codec import BOS, EOS, Codec
from pipeline.tasks.translation.settings import TranslationDecoding


def decode(model: nn.Module, encoded: Path, samples: Path, decoding: TranslationDecoding) -> None:
    """Write source, reference, hypothesis and score of each test sentence, one JSON object a line.

    The score is log P of the best hypothesis over its length penalty. Each test set has a file.
    """
    codec = Codec.load(encoded)
    for split in all_tests(encoded):
        rows = _rows(model, encoded, split, codec, decoding)
        lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
        write_atomically(samples / f"{split}.jsonl", "".join(lines).encode())


def _rows(
    model: nn.Module, encoded: Path, split: Split, codec: Codec, decoding: TranslationDecoding
) -> list[dict[str, str | float]]:
    sources = (encoded / f"{split}.source.txt").read_text(encoding="utf-8").split("\n")[:-1]
    references = (encoded / f"{split}.target.txt").read_text(encoding="utf-8").split("\n")[:-1]
    progress = Progress(f"translating {split}", len(sources))
    best = translate(model, read_sequences(encoded, split, "source"), decoding, progress)
    return [
        {
            "source": source,
            "reference": reference,
            "hypothesis": codec.decode(hypothesis.ids),
            "score": round(hypothesis.score, 6),
        }
        for source, reference, hypothesis in zip(sources, references, best, strict=True)
    ]


def translate(
    model: nn.Module,
    sources: Sequence[Sequence[int]],
    decoding: TranslationDecoding,
    progress: Progress | None = None,
) -> list[Hypothesis]:
    """The best hypothesis of each source, ids without an end, in the order of the sources.

    Sentences of about equal length share a batch.
    """
    order = np.argsort([len(source) for source in sources], kind="stable")
    found: dict[int, Hypothesis] = {}
    for start in range(0, len(order), decoding.batch_sentences):
        indexes = order[start : start + decoding.batch_sentences]
        batch = [torch.from_numpy(ids).long() for ids in with_end(sources, indexes)]
        results = search(model, batch, BOS, EOS, decoding, wanted=1)
        found |= {int(i): hypotheses[0] for i, hypotheses in zip(indexes, results, strict=True)}
        if progress is not None:
            progress.update(len(found))
    return [found[index] for index in range(len(order))]

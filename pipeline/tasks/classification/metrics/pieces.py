"""How well a network that was pre-trained predicts pieces, beside their frequencies."""

from pathlib import Path
from typing import Any

import numpy as np

from models.shared.base import Model
from pipeline.corpus import all_tests
from pipeline.evaluation import Evaluation, records_of
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.codec import EOS, SPECIAL, Codec
from pipeline.tasks.classification.codec.passages import read_passages
from pipeline.tasks.classification.metrics.predictions import Pieces, read_pieces
from pipeline.tasks.classification.metrics.statistics import OF_PIECES
from pipeline.tasks.classification.settings import ClassificationEvaluation, Target, target_of

_DIGITS = 6


def evaluate_pieces(
    model: Model, encoded: Path, samples: Path, evaluation: ClassificationEvaluation
) -> Evaluation:
    """Evaluate the predicted pieces in `samples` on each test set.

    The baseline are the frequencies of the pieces in the text of the training, each counted once
    more. The figure `guesses` are test passages with the likeliest pieces at each place.
    """
    target = target_of(model.settings)
    nats, correct = OF_PIECES[target]
    logs = _log_frequencies(encoded, model.shape.inputs, target)
    metrics, records = {}, {}
    for split in all_tests(encoded):
        texts = read_passages(encoded, split)
        found = read_pieces(samples / f"{split}.csv")
        of, actual = found.passage, found.actual
        right = found.likeliest[:, 0] == actual
        statistics = {
            nats.name: np.bincount(of, found.nats, len(texts)),
            correct.name: np.bincount(of[right], minlength=len(texts)),
            nats.of: np.bincount(of, minlength=len(texts)),
        }
        metrics[split] = {
            "test": {"passages": len(texts)},
            "baseline": {
                nats.baseline: round(float(-logs[actual].mean()), _DIGITS),
                correct.baseline: round(float((actual == logs.argmax()).mean()), _DIGITS),
            },
        }
        contents = (passage.text.encode() for passage in texts)
        records[split] = records_of(encoded, split, contents, statistics)
    guesses = _guesses(encoded, read_pieces(samples / "test.csv"), evaluation.shown_passages)
    return Evaluation(metrics.pop("test") | metrics, records, {}, {"guesses": guesses})


def _log_frequencies(encoded: Path, vocabulary: int, target: Target) -> np.ndarray:
    """Return ln of the frequencies (id,) of what is predicted; -inf of ids that never are."""
    passages = Passages.read(encoded, "train").and_unlabelled(encoded)
    counts = np.bincount(np.concatenate(passages.tokens), minlength=vocabulary) + 1.0
    counts[:SPECIAL] = 0.0
    if target is Target.NEXT_PIECE:
        counts[EOS] = len(passages)
    with np.errstate(divide="ignore"):
        return np.log(counts / counts.sum())


def _guesses(encoded: Path, found: Pieces, count: int) -> list[dict[str, Any]]:
    """Describe `count` test passages, from all of the split: pieces, and guesses of each."""
    codec, test = Codec.load(encoded), Passages.read(encoded, "test")
    shown = []
    for index in test.spread(count):
        at = found.passage == index
        guesses = [
            [
                [text, round(float(share), 3)]
                for text, share in zip(codec.texts(ids), shares, strict=True)
            ]
            for ids, shares in zip(found.likeliest[at], found.probabilities[at], strict=True)
        ]
        shown.append({"pieces": codec.texts(test.tokens[index]), "guesses": guesses})
    return shown

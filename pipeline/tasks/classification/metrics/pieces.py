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
from pipeline.tasks.classification.decoding.pieces import predict
from pipeline.tasks.classification.metrics.predictions import read_pieces
from pipeline.tasks.classification.metrics.statistics import OF_PIECES
from pipeline.tasks.classification.settings import ClassificationEvaluation, Target, target_of

_DIGITS = 6
_GUESSES = 3  # of each piece that is shown


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
        of, actual, predicted, found = read_pieces(samples / f"{split}.csv")
        statistics = {
            nats.name: np.bincount(of, found, len(texts)),
            correct.name: np.bincount(of[predicted == actual], minlength=len(texts)),
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
    guesses = _guesses(model, encoded, evaluation.shown_passages)
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


def _guesses(model: Model, encoded: Path, count: int) -> list[dict[str, Any]]:
    """Describe `count` test passages, from all of the split: pieces, and guesses of each."""
    codec = Codec.load(encoded)
    test = Passages.read(encoded, "test")
    chosen = test.spread(count)
    shown = Passages([test.tokens[index] for index in chosen], test.classes[chosen])
    found = predict(model, shown, len(shown), _GUESSES)
    return [
        {
            "pieces": codec.texts(tokens),
            "guesses": [
                [
                    [text, round(float(share), 3)]
                    for text, share in zip(codec.texts(ids), shares, strict=True)
                ]
                for ids, shares in zip(each.likeliest, each.probabilities, strict=True)
            ],
        }
        for tokens, each in zip(shown.tokens, found, strict=True)
    ]

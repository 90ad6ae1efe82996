"""Accuracy, macro F1 and the confusion matrix of predictions, beside baselines."""

from pathlib import Path
from typing import Any

import numpy as np

from models.shared.base import Model
from pipeline.corpus import Split, all_tests, read_clusters
from pipeline.evaluation import Evaluation, records_of
from pipeline.files import read_json
from pipeline.statistics.bootstrap import interval
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.codec.passages import read_passages
from pipeline.tasks.classification.metrics.baselines import (
    baselines,
    count_words,
    drawn_passages,
    keywords,
)
from pipeline.tasks.classification.metrics.confusion import (
    confusion_matrix,
    f1_statistics,
    macro_f1,
)
from pipeline.tasks.classification.metrics.predictions import read_predictions
from pipeline.tasks.classification.metrics.shown import shown_passages
from pipeline.tasks.classification.metrics.statistics import (
    BAYES,
    CORRECT,
    FREQUENT,
    KEYWORD,
    NATS,
)
from pipeline.tasks.classification.settings import Baselines, ClassificationEvaluation

_DIGITS = 6
_LEAST = 1e-6  # the smallest probability in a table of predictions


def evaluate_classes(
    model: Model, encoded: Path, samples: Path, evaluation: ClassificationEvaluation
) -> Evaluation:
    """Evaluate the predicted classes in `samples` on each test set, beside three baselines.

    `frequent` is the most frequent class, `keyword` the best keyword of each class, `bayes`
    multinomial naive Bayes; all learn from labels drawn as those of the training. Among the metrics
    are the confusion matrix (class, predicted class) and the keywords of the first draw. The
    details are the passages, the figure `passages` the first of them with the attention.
    """
    names = read_json(encoded / "manifest.json")["classes"]
    metrics, records, details = {}, {}, {}
    for split in all_tests(encoded):
        passages = Passages.read(encoded, split)
        predicted, shares = read_predictions(samples / f"{split}.csv", names)
        statistics = _statistics(passages.classes, predicted, shares)
        learned = baselines(encoded, split, len(names), evaluation.baselines)
        texts = read_passages(encoded, split)
        metrics[split] = {
            "test": {
                "passages": len(texts),
                **_macro_f1(encoded, split, passages.classes, predicted, len(names), evaluation),
            },
            "baseline": {
                name.removesuffix("_correct"): round(float(learned[name].mean()), _DIGITS)
                for name, _ in (FREQUENT, KEYWORD, BAYES)
            },
            "confusion": confusion_matrix(passages.classes, predicted, len(names)).tolist(),
        }
        contents = (passage.text.encode() for passage in texts)
        records[split] = records_of(encoded, split, contents, statistics | learned)
        details[split] = [
            {
                "page": passage.page,
                "text": passage.text,
                "class": names[passage.number],
                "predicted": names[number],
            }
            for passage, number in zip(texts, predicted, strict=True)
        ]
    test = Passages.read(encoded, "test")
    _, shares = read_predictions(samples / "test.csv", names)
    shown = shown_passages(model, encoded, names, test, shares, evaluation.shown_passages)
    found = {"classes": names, "keywords": _keywords(encoded, names, evaluation.baselines)}
    return Evaluation(metrics.pop("test") | metrics | found, records, details, {"passages": shown})


def _statistics(
    classes: np.ndarray, predicted: np.ndarray, shares: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the statistics (passage,) of the network's metrics."""
    of_class = np.take_along_axis(shares, classes[:, None], axis=1)[:, 0]
    return {
        CORRECT[0]: (classes == predicted).astype(np.int64),
        CORRECT[1]: np.ones(len(classes), np.int64),
        NATS[0]: -np.log(np.maximum(of_class, _LEAST)),
    }


def _macro_f1(
    encoded: Path,
    split: Split,
    classes: np.ndarray,
    predicted: np.ndarray,
    count: int,
    evaluation: ClassificationEvaluation,
) -> dict[str, float]:
    """Return macro F1 with its interval over clusters: classes are too many for the records."""
    statistics = f1_statistics(classes, predicted, count)
    low, high = interval(
        statistics,
        read_clusters(encoded, split),
        macro_f1,
        evaluation.bootstrap_samples,
        evaluation.bootstrap_seed,
    )
    score = float(macro_f1(statistics.sum(axis=0)))
    values = {"macro_f1": score, "macro_f1_low": low, "macro_f1_high": high}
    return {name: round(value, _DIGITS) for name, value in values.items()}


def _keywords(encoded: Path, names: list[str], settings: Baselines) -> dict[str, Any]:
    """Return the keyword of each class, of the first draw of labels."""
    _, words = count_words(drawn_passages(encoded, settings)[0], len(names))
    index, _ = keywords(words)
    return dict(zip(names, words.names[index].tolist(), strict=True))

"""The metrics and the trivial baselines of classification."""

from typing import Any

from pipeline.measures import Baseline, Measures, Metric
from pipeline.tasks.classification.metrics import statistics
from pipeline.tasks.classification.settings import ClassificationDataset, ClassificationRun


def _accuracy_for_claims(key: str, label: str, names: tuple[str, str]) -> Metric:
    definition = f"share of the test passages of which {label} finds the class"
    return Metric(
        key, label, definition, decimals=1, higher_is_better=True, percent=True, statistics=names
    )


MEASURES = Measures(
    metrics=(
        Metric(
            "accuracy",
            "accuracy",
            "share of the test passages whose class is the likeliest",
            decimals=1,
            higher_is_better=True,
            has_interval=True,
            percent=True,
            statistics=statistics.CORRECT,
            headline="accuracy",
        ),
        Metric(
            "macro_f1",
            "macro F1",
            "mean over the classes of F1, the harmonic mean of precision and recall",
            decimals=1,
            higher_is_better=True,
            has_interval=True,
            percent=True,
        ),
        Metric(
            "nats",
            "nats per passage",
            "-log p of the class",
            decimals=3,
            higher_is_better=False,
            statistics=statistics.NATS,
        ),
    ),
    baselines=(
        Baseline("Most frequent class", {"accuracy": "frequent"}),
        Baseline(
            "One keyword a class",
            {"accuracy": "keyword"},
            definition="for each class the word whose share of the labelled passages is largest "
            "beyond that of the others; without any of them the most frequent class",
        ),
        Baseline(
            "Naive Bayes",
            {"accuracy": "bayes"},
            definition="multinomial naive Bayes of words (scikit-learn); baselines learn from as "
            "many labels as the first run, and are means over draws of them",
        ),
    ),
    records="passages",
    for_claims=(
        _accuracy_for_claims("keyword_accuracy", "one keyword a class", statistics.KEYWORD),
        _accuracy_for_claims("bayes_accuracy", "naive Bayes", statistics.BAYES),
    ),
)


def measures(
    run: ClassificationRun, dataset: ClassificationDataset, facts: dict[str, Any]
) -> Measures:
    """Return the measures of a run: the same for all."""
    return MEASURES

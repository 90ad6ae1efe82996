"""The metrics and the trivial baselines of classification."""

from typing import Any

from pipeline.measures import Baseline, Measures, Metric
from pipeline.tasks.classification.metrics import statistics
from pipeline.tasks.classification.settings import ClassificationDataset, ClassificationRun, Target


def _accuracy_for_claims(key: str, label: str, names: tuple[str, str]) -> Metric:
    definition = f"share of the test passages of which {label} finds the class"
    return Metric(
        key, label, definition, decimals=1, higher_is_better=True, percent=True, statistics=names
    )


def _of_pieces(target: Target, what: str, definition: str) -> tuple[Metric, Metric]:
    """Declare the metrics of a network that was pre-trained, by its statistics."""
    nats, correct = statistics.OF_PIECES[target]
    return (
        Metric(
            nats.name,
            f"nats per {what}",
            f"-log p {definition}",
            decimals=3,
            higher_is_better=False,
            has_interval=True,
            optional=True,
            statistics=(nats.name, nats.of),
            headline=nats.name,
        ),
        Metric(
            correct.name,
            f"{what} found",
            f"share {definition}, that is the likeliest",
            decimals=1,
            higher_is_better=True,
            optional=True,
            percent=True,
            statistics=(correct.name, correct.of),
        ),
    )


def _baselines_of(target: Target) -> dict[str, str]:
    return {measure.name: measure.baseline for measure in statistics.OF_PIECES[target]}


MEASURES = Measures(
    metrics=(
        Metric(
            "accuracy",
            "accuracy",
            "share of the test passages whose class is the likeliest",
            decimals=1,
            higher_is_better=True,
            has_interval=True,
            optional=True,
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
            optional=True,
            percent=True,
        ),
        Metric(
            "nats",
            "nats per passage",
            "-log p of the class",
            decimals=3,
            higher_is_better=False,
            optional=True,
            statistics=statistics.NATS,
        ),
        *_of_pieces(
            Target.NEXT_PIECE,
            "next piece",
            "of each piece of the test passages, given those before",
        ),
        *_of_pieces(
            Target.MASKED_PIECES,
            "masked piece",
            "of each piece of the test passages, hidden with every seventh, given the rest",
        ),
    ),
    baselines=(
        Baseline("Most frequent class", {"accuracy": "frequent"}, optional=True),
        Baseline(
            "One keyword a class",
            {"accuracy": "keyword"},
            optional=True,
            definition="for each class the word whose share of the labelled passages is largest "
            "beyond that of the others; without any of them the most frequent class",
        ),
        Baseline(
            "Naive Bayes",
            {"accuracy": "bayes"},
            optional=True,
            definition="multinomial naive Bayes of words (scikit-learn); baselines learn from as "
            "many labels as the first run, and are means over draws of them",
        ),
        *(
            Baseline(f"Frequency of each {what}", _baselines_of(target), optional=True)
            for target, what in (
                (Target.NEXT_PIECE, "piece"),
                (Target.MASKED_PIECES, "masked piece"),
            )
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

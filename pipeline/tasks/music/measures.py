"""The metrics and the trivial baselines of music."""

from dataclasses import replace
from typing import Any

from pipeline.measures import Baseline, Measures, Metric
from pipeline.tasks.music.metrics import statistics
from pipeline.tasks.music.settings import MusicDataset, MusicRun, PerformanceEncoding

MEASURES = Measures(
    metrics=(
        Metric(
            "nats_per_token",
            "nats per token",
            "−ln p per voice and 16th of a chorale, or per event of a performance; each token "
            "of the test pieces is scored once",
            decimals=3,
            higher_is_better=False,
            has_interval=True,
            statistics=statistics.NATS_PER_TOKEN,
        ),
        Metric(
            "validation.nats_per_token",
            "nats, validation",
            "the same on the validation split, which the Music Transformer’s paper reports",
            decimals=3,
            higher_is_better=False,
            statistics=statistics.NATS_PER_TOKEN,
        ),
        Metric(
            "accuracy",
            "accuracy",
            "share of tokens whose likeliest prediction is the true one",
            decimals=1,
            higher_is_better=True,
            percent=True,
            statistics=statistics.ACCURACY,
        ),
        Metric(
            "onset_accuracy",
            "onset accuracy",
            "the same where a note begins, which repeating the previous pitch never predicts",
            decimals=1,
            higher_is_better=True,
            percent=True,
            statistics=statistics.ONSET_ACCURACY,
        ),
    ),
    baselines=(
        Baseline("Frequency of each token", {"nats_per_token": "unigram_nats"}),
        Baseline("Given the voice’s previous pitch", {"nats_per_token": "bigram_nats"}),
        Baseline("Previous pitch repeated", {"accuracy": "hold_accuracy"}),
        Baseline("Most frequent onset of each voice", {"onset_accuracy": "onset_accuracy"}),
    ),
    records="pieces",
)

PERFORMANCES = replace(
    MEASURES,
    baselines=(
        Baseline("Frequency of each event", {"nats_per_token": "unigram_nats"}),
        Baseline(
            "Given the previous event",
            {"nats_per_token": "bigram_nats", "accuracy": "bigram_accuracy"},
        ),
        Baseline("Most frequent onset", {"onset_accuracy": "onset_accuracy"}),
    ),
)


def measures(run: MusicRun, dataset: MusicDataset, facts: dict[str, Any]) -> Measures:
    """Return the measures of a run; performances and chorales have different baselines."""
    is_performance = isinstance(dataset.encoding, PerformanceEncoding)
    return PERFORMANCES if is_performance else MEASURES

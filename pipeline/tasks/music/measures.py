"""The metrics of music, and the trivial baselines."""

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
            "the same of the validation split, of which the Music Transformer’s paper tells",
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
            "the same where a note begins: holding the pitch of a voice cannot score",
            decimals=1,
            higher_is_better=True,
            percent=True,
            statistics=statistics.ONSET_ACCURACY,
        ),
    ),
    baselines=(
        Baseline("Frequency of each token", {"nats_per_token": "unigram_nats"}),
        Baseline("Given the voice’s previous pitch", {"nats_per_token": "bigram_nats"}),
        Baseline("Previous pitch held", {"accuracy": "hold_accuracy"}),
        Baseline("Commonest onset of each voice", {"onset_accuracy": "onset_accuracy"}),
    ),
    records="pieces",
)

PERFORMANCES = replace(
    MEASURES,
    baselines=(
        Baseline("Frequency of each event", {"nats_per_token": "unigram_nats"}),
        Baseline(
            "Given the event before",
            {"nats_per_token": "bigram_nats", "accuracy": "bigram_accuracy"},
        ),
        Baseline("Commonest onset", {"onset_accuracy": "onset_accuracy"}),
    ),
)


def measures(run: MusicRun, dataset: MusicDataset, facts: dict[str, Any]) -> Measures:
    """Those of a run; events have other baselines than voices on a grid."""
    is_performance = isinstance(dataset.encoding, PerformanceEncoding)
    return PERFORMANCES if is_performance else MEASURES

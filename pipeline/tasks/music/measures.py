"""The metrics and the trivial baselines of music."""

from dataclasses import replace
from typing import Any

from pipeline import block_measures
from pipeline.measures import Baseline, Measures, Metric
from pipeline.tasks.music.metrics import statistics
from pipeline.tasks.music.settings import MusicDataset, MusicRun, Representation


def _for_claims(
    key: str, label: str, names: tuple[str, str], higher_is_better: bool = True
) -> Metric:
    """Declare a metric that only claims ask for."""
    return Metric(
        key, label, label, decimals=3, higher_is_better=higher_is_better, statistics=names
    )


MEASURES = Measures(
    metrics=(
        Metric(
            "nats_per_token",
            "nats per token",
            "−ln p per voice and 16th of a chorale, per event of a performance, or per note of a "
            "tune; each token of the test pieces is scored once",
            decimals=3,
            higher_is_better=False,
            has_interval=True,
            statistics=statistics.NATS_PER_TOKEN,
            headline="nats",
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
        *block_measures.METRICS,
    ),
    baselines=(
        Baseline("Frequency of each token", {"nats_per_token": "unigram_nats"}),
        Baseline("Given the voice’s previous pitch", {"nats_per_token": "bigram_nats"}),
        Baseline("Previous pitch repeated", {"accuracy": "hold_accuracy"}),
        Baseline("Most frequent onset of each voice", {"onset_accuracy": "onset_accuracy"}),
    ),
    records="pieces",
    for_claims=(
        block_measures.ONE_ID,
        _for_claims(
            "nats_within", "nats within the training length", statistics.NATS_WITHIN, False
        ),
        _for_claims(
            "nats_beyond", "nats beyond the training length", statistics.NATS_BEYOND, False
        ),
        _for_claims("motif_return", "motifs that return", statistics.MOTIF_RETURN),
        _for_claims(
            "shuffled_motif_return",
            "motifs that return, notes shuffled",
            statistics.SHUFFLED_MOTIF_RETURN,
        ),
        _for_claims(
            "other_motif_return",
            "motifs of other pieces’ openings",
            statistics.OTHER_MOTIF_RETURN,
        ),
        _for_claims("on_motifs", "attention on the motif", statistics.ON_MOTIFS),
        _for_claims("on_no_motifs", "attention where nothing recurs", statistics.ON_NO_MOTIFS),
    ),
)


def _of_sequences(event: str, onset: str) -> Measures:
    """Return the measures of pieces that are sequences of events, with baselines of these names."""
    return replace(
        MEASURES,
        baselines=(
            Baseline(f"Frequency of each {event}", {"nats_per_token": "unigram_nats"}),
            Baseline(
                f"Given the previous {event}",
                {"nats_per_token": "bigram_nats", "accuracy": "bigram_accuracy"},
            ),
            Baseline(f"Most frequent {onset}", {"onset_accuracy": "onset_accuracy"}),
        ),
    )


_BY_REPRESENTATION = {
    Representation.CHORALE_GRID: MEASURES,
    Representation.PERFORMANCE_EVENTS: _of_sequences("event", "onset"),
    Representation.MELODY: _of_sequences("note", "note"),
}


def measures(run: MusicRun, dataset: MusicDataset, facts: dict[str, Any]) -> Measures:
    """Return the measures of a run; each representation has baselines of its own."""
    return _BY_REPRESENTATION[dataset.encoding.representation]

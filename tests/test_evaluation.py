"""Scores that follow from the records of a test set alone."""

import numpy as np

from pipeline.evaluation import scores_of
from pipeline.measures import Metric
from pipeline.records import Records
from pipeline.settings.evaluation import EvaluationSettings


def metric(key, *statistics, **others):
    return Metric(key, key, "", 3, higher_is_better=True, statistics=statistics, **others)


SETTINGS = EvaluationSettings(bootstrap_samples=200, bootstrap_seed=1)
RECORDS = Records(
    "the same", ["a", "b", "b"], {"nats": np.array([1.0, 2.0, 6.0]), "tokens": np.array([2, 3, 5])}
)


def test_a_metric_of_recorded_statistics_needs_only_its_declaration():
    metrics = [
        metric("nats_per_token", "nats", "tokens"),
        metric("tokens_per_nat", "tokens", "nats"),
        metric("squared", "nats", compute=lambda sums: sums[..., 0] ** 2),
    ]
    scores = {"nats_per_token": 0.9, "tokens_per_nat": 1.111111, "squared": 81.0}
    assert scores_of(RECORDS, metrics, SETTINGS) == scores


def test_an_interval_resamples_clusters_by_the_settings():
    """Of two clusters, both are drawn, or one of them twice."""
    metrics = [metric("nats_per_token", "nats", "tokens", has_interval=True)]
    scores = {"nats_per_token": 0.9, "nats_per_token_low": 0.5, "nats_per_token_high": 1.0}
    assert scores_of(RECORDS, metrics, SETTINGS) == scores
    few = SETTINGS.model_copy(update={"bootstrap_samples": 1})
    (low, high) = [
        scores_of(RECORDS, metrics, few)[f"nats_per_token_{end}"] for end in ("low", "high")
    ]
    assert low == high


def test_a_metric_without_its_statistics_or_of_another_split_has_no_score():
    metrics = [
        metric("hits", "hits", "tokens"),
        metric("signature"),
        metric("validation.nats_per_token", "nats", "tokens"),
    ]
    assert scores_of(RECORDS, metrics, SETTINGS) == {}

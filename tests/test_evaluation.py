"""Scores that follow from the records of a test set alone."""

import numpy as np

from pipeline.evaluation import scores_of
from pipeline.measures import Metric
from pipeline.records import Records


def metric(key, *statistics, **others):
    return Metric(key, key, "", 3, higher_is_better=True, statistics=statistics, **others)


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
    assert scores_of(RECORDS, metrics) == scores


def test_a_metric_without_its_statistics_or_of_another_split_has_no_score():
    metrics = [
        metric("hits", "hits", "tokens"),
        metric("signature"),
        metric("validation.nats_per_token", "nats", "tokens"),
    ]
    assert scores_of(RECORDS, metrics) == {}

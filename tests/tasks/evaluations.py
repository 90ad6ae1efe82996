"""What the tests of evaluations share: clusters of a data set, and scores from records."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation import Evaluation
from pipeline.measures import Measures


def write_clusters(encoded: Path, **counts: int) -> None:
    """Each of so many records of a split is a cluster of its own."""
    for split, count in counts.items():
        text = "".join(f"{number}\n" for number in range(count))
        (encoded / f"{split}.clusters.txt").write_text(text)


def assert_scores_follow_from_records(
    evaluation: Evaluation, measures: Measures, split: str = "test"
) -> None:
    """Every metric that was measured is what `compute` makes of the sums over the records."""
    scores = {"test": evaluation.metrics["test"], **evaluation.metrics}
    compared = 0
    for metric in measures.metrics:
        key = metric.key.rpartition(".")[2]
        part = metric.split or split
        measured = scores[part].get("test", scores[part])
        if key not in measured:
            assert metric.optional
            continue
        records = evaluation.records[part].statistics
        sums = np.array([records[name].sum() for name in metric.statistics])
        assert metric.compute(sums) == pytest.approx(measured[key], abs=1e-6), metric.key
        compared += 1
    assert compared

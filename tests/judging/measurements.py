"""Measurements that a test makes up, as the stages before would have written them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.judging.measured import Measured
from pipeline.records import Records, RunRecords


def settings(task: str, seed: int = 1, **training: Any) -> dict[str, Any]:
    """The settings of a run; others than those of `task` if `training` says so."""
    return {"task": task, "dataset": f"of {task}", "training": {"seed": seed, **training}}


def run(
    statistics: Mapping[str, Sequence[float]],
    of: Mapping[str, Any],
    clusters: Sequence[int] | None = None,
    test_set: str = "the same",
    split: str = "test",
) -> RunRecords:
    """A run with the settings `of`, each record a cluster of its own if `clusters` do not say."""
    arrays = {name: np.asarray(values) for name, values in statistics.items()}
    count = len(next(iter(arrays.values())))
    return RunRecords(of, {split: Records(test_set, clusters or range(count), arrays)})


def music(nats: Sequence[float], tokens: Sequence[int] | None = None, **others: Any) -> RunRecords:
    """A run that measures so many nats per token in each piece, of 100 tokens if none are given."""
    counts = np.full(len(nats), 100) if tokens is None else np.asarray(tokens)
    of = others.pop("of", settings("music"))
    return run({"nats": np.asarray(nats) * counts, "tokens": counts}, of, **others)


def measured(records: Mapping[str, RunRecords], **metrics: Any) -> Measured:
    """The measurements of runs with `records`, and the `metrics` of them and of others."""
    empty = {name: {each.settings["task"]: {}} for name, each in records.items()}
    return Measured({**empty, **metrics}, records, {})

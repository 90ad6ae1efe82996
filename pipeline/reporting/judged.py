"""Claims and comparisons for the page and the tables, with titles and the better run first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.judging.judgements import (
    Arm,
    Comparison,
    Judgement,
    Resampling,
    read_comparisons,
    read_judgements,
)
from pipeline.measures import Metric
from pipeline.reporting.results import Result
from pipeline.tasks import part

_INTERVAL_PARTS = re.compile(r"\|(bs|seed):\w+")  # of sacreBLEU's signature of a score


@dataclass(frozen=True)
class Side:
    """One of two compared runs."""

    run: str
    title: str
    score: float
    share: float  # of the measured score, usually 1


@dataclass(frozen=True)
class Compared:
    """Two runs on the same test records, the better one first."""

    metric: Metric
    better: Side
    worse: Side
    difference: float  # in the unit of the metric, not negative
    low: float  # of the 95 % interval
    high: float
    p_value: float
    records: int
    clusters: int
    signature: str  # tokenisation of texts, if any, and resampling


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict, and the comparisons of its checks."""

    claim: Judgement
    comparisons: list[Compared]


def read_judged_claims(results: Sequence[Result]) -> list[JudgedClaim]:
    """Read the judgements of all claims."""
    by_name = {result.name: result for result in results}
    judgements = read_judgements()
    return [
        JudgedClaim(
            claim,
            [
                _compared(check.task, check.comparison, by_name, judgements.resampling)
                for check in claim.comparisons
            ],
        )
        for claim in judgements.claims
    ]


def read_compared_pairs(results: Sequence[Result]) -> list[Compared]:
    """Read the comparisons of all pairs of `results`, which share a test set, in order.

    Runs without records have none.
    """
    by_name = {result.name: result for result in results}
    key = results[0].run.task, results[0].run.dataset, results[0].split
    comparisons = read_comparisons()
    pairs = {
        (pair.first.run, pair.second.run): pair
        for test_set in comparisons.test_sets
        if (test_set.task, test_set.dataset, test_set.split) == key
        for pair in test_set.pairs
    }
    pairs |= {(second, first): _swapped(pair) for (first, second), pair in pairs.items()}
    return [
        _compared(key[0], pairs[names], by_name, comparisons.resampling)
        for names in combinations(by_name, 2)
        if names in pairs
    ]


def _swapped(pair: Comparison) -> Comparison:
    """Swap the runs of a comparison."""
    numbers = {"difference": pair.difference, "low": pair.high, "high": pair.low}
    negated = {name: 0.0 - value for name, value in numbers.items()}  # no -0.0
    return pair.model_copy(update={"first": pair.second, "second": pair.first, **negated})


def _compared(
    task: str, comparison: Comparison, results: Mapping[str, Result], resampling: Resampling
) -> Compared:
    metrics = {metric.key: metric for metric in part(task, "measures").MEASURES.comparable}
    ordered = comparison if comparison.difference >= 0 else _swapped(comparison)
    better, worse = (_side(arm, results) for arm in (ordered.first, ordered.second))
    resampled = f"bs:{resampling.resamples}|seed:{resampling.seed}"
    signature = _signature(results.get(better.run), comparison.metric)
    return Compared(
        metric=metrics[comparison.metric],
        better=better,
        worse=worse,
        difference=ordered.difference,
        low=ordered.low,
        high=ordered.high,
        p_value=ordered.p_value,
        records=ordered.records,
        clusters=ordered.clusters,
        signature=f"{signature}|{resampled}" if signature else resampled,
    )


def _side(arm: Arm, results: Mapping[str, Result]) -> Side:
    title = results[arm.run].run.title if arm.run in results else arm.run
    return Side(arm.run, title, arm.score, arm.share)


def _signature(result: Result | None, metric: str) -> str:
    """Return the signature of a text metric, without its interval; empty for other metrics."""
    test = result.metrics["test"] if result else {}
    return _INTERVAL_PARTS.sub("", str(test.get(f"{metric}_signature", "")))

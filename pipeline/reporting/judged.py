"""Claims and comparisons as the page and its tables show them: titled, the better run first."""

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

_OF_ITS_INTERVAL = re.compile(r"\|(bs|seed):\w+")  # in sacreBLEU's signature of a score


@dataclass(frozen=True)
class Side:
    """One of two runs that were compared."""

    run: str
    title: str
    score: float
    share: float  # of what the run measured, which is the score: a claim may ask for less or more


@dataclass(frozen=True)
class Compared:
    """Two runs on the same test records, the better one first."""

    metric: Metric
    better: Side
    worse: Side
    difference: float  # in the unit of the metric, not negative
    low: float  # of its 95 % interval
    high: float
    p_value: float
    records: int
    clusters: int
    signature: str  # how text was cut, if any was, and how records were resampled


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict, and what its checks of two runs found."""

    claim: Judgement
    comparisons: list[Compared]


def read_judged_claims(results: Sequence[Result]) -> list[JudgedClaim]:
    """Read what the judge stage says of each claim."""
    by_name = {result.name: result for result in results}
    judgements = read_judgements()
    return [
        JudgedClaim(
            claim,
            [
                _compared(each.task, each.comparison, by_name, judgements.resampling)
                for each in claim.comparisons
            ],
        )
        for claim in judgements.claims
    ]


def read_compared_pairs(results: Sequence[Result]) -> list[Compared]:
    """Read the comparison of each pair of `results`, which share a test set, in their order.

    A run without records is in none.
    """
    by_name = {result.name: result for result in results}
    where = results[0].run.task, results[0].run.dataset, results[0].split
    comparisons = read_comparisons()
    found = {
        (pair.first.run, pair.second.run): pair
        for test_set in comparisons.test_sets
        if (test_set.task, test_set.dataset, test_set.split) == where
        for pair in test_set.pairs
    }
    found |= {(second, first): _turned(pair) for (first, second), pair in found.items()}
    return [
        _compared(where[0], found[names], by_name, comparisons.resampling)
        for names in combinations(by_name, 2)
        if names in found
    ]


def _turned(pair: Comparison) -> Comparison:
    """The same comparison, seen from the other run."""
    numbers = {"difference": pair.difference, "low": pair.high, "high": pair.low}
    turned = {name: 0.0 - value for name, value in numbers.items()}  # no -0.0
    return pair.model_copy(update={"first": pair.second, "second": pair.first, **turned})


def _compared(
    task: str, comparison: Comparison, results: Mapping[str, Result], resampling: Resampling
) -> Compared:
    metrics = {metric.key: metric for metric in part(task, "measures").MEASURES.comparable}
    ordered = comparison if comparison.difference >= 0 else _turned(comparison)
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
    """How the texts of a score were cut; empty where none were."""
    test = result.metrics["test"] if result else {}
    return _OF_ITS_INTERVAL.sub("", str(test.get(f"{metric}_signature", "")))

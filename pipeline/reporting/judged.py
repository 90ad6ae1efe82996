"""Claims and comparisons for the page and the tables, with titles."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ruamel.yaml import YAML

from models.settings import Settings
from pipeline.errors import DataError
from pipeline.judging.judgements import (
    COMPARISONS,
    JUDGEMENTS,
    Arm,
    BetterResult,
    Comparison,
    Judgement,
    Resampling,
    Verdict,
    read_comparisons,
    read_judgements,
)
from pipeline.measures import Metric
from pipeline.reporting.figures import Effect, effect
from pipeline.reporting.results import Result
from pipeline.tasks import part

REMARKS = Path(__file__).with_name("remarks.yaml")
_INTERVAL_PARTS = re.compile(r"\|(bs|seed):\w+")  # of sacreBLEU's signature of a score


@dataclass(frozen=True)
class Side:
    """One of two compared runs, variants or baselines."""

    run: str
    title: str
    metric: Metric
    score: float  # mean over seeds
    seeds: int


@dataclass(frozen=True)
class Compared:
    """Two sides on the same test records."""

    first: Side  # in a claim the one that is claimed to be better, else the better one
    second: Side
    difference: float  # how much the first is better, in the unit of its metric
    low: float  # of the 95 % interval
    high: float
    p_value: float  # two-sided
    records: int
    clusters: int
    signature: str  # tokenisation of texts, if any, and resampling

    @property
    def metric(self) -> Metric:
        """The metric, which gives the unit of the difference."""
        return self.first.metric


@dataclass(frozen=True)
class Checked:
    """A check of two runs, with its difference drawn beside the published one."""

    compared: Compared
    result: BetterResult
    effect: Effect


class Remark(Settings):
    """Why a claim has a verdict."""

    id: str
    verdict: Verdict
    remark: str


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict, and the comparisons of its checks."""

    claim: Judgement
    checks: list[Checked]
    remark: str | None  # why it has its verdict, where somebody has said so

    @property
    def decisive(self) -> Checked | None:
        """The least certain comparison, on which the verdict hangs; None if there is none."""
        return max(self.checks, key=lambda check: check.result.p_value, default=None)


def read_judged_claims(results: Sequence[Result]) -> list[JudgedClaim]:
    """Read the judgements of all claims; DataError names an unknown metric."""
    by_name = {result.name: result for result in results}
    judgements = read_judgements()
    remarks = {(each.id, each.verdict): each.remark for each in read_remarks()}
    return [
        JudgedClaim(
            claim,
            [_checked(check, by_name, judgements.resampling) for check in claim.comparisons],
            remarks.get((claim.id, claim.verdict)),
        )
        for claim in judgements.claims
    ]


def read_remarks(path: Path = REMARKS) -> list[Remark]:
    """Read why claims have their verdicts."""
    return [
        Remark.model_validate(raw, strict=False)
        for raw in YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    ]


def read_compared_pairs(results: Sequence[Result]) -> list[Compared]:
    """Read the comparisons of all pairs of `results`, which share a test set, in order.

    Runs without records have none. DataError names an unknown metric.
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
    found = (pairs[names] for names in combinations(by_name, 2) if names in pairs)
    return [
        _compared(
            key[0],
            pair if pair.difference >= 0 else _swapped(pair),
            by_name,
            comparisons.resampling,
            str(COMPARISONS),
        )
        for pair in found
    ]


def _swapped(pair: Comparison) -> Comparison:
    """Swap the runs of a comparison."""
    numbers = {"difference": pair.difference, "low": pair.high, "high": pair.low}
    negated = {name: 0.0 - value for name, value in numbers.items()}  # no -0.0
    return pair.model_copy(update={"first": pair.second, "second": pair.first, **negated})


def _checked(check: BetterResult, results: Mapping[str, Result], resampling: Resampling) -> Checked:
    compared = _compared(check.task, check.comparison, results, resampling, str(JUDGEMENTS))
    drawn = effect(compared.difference, compared.low, compared.high, check.published, -check.margin)
    return Checked(compared, check, drawn)


def _compared(
    task: str,
    comparison: Comparison,
    results: Mapping[str, Result],
    resampling: Resampling,
    file: str,
) -> Compared:
    metrics = {metric.key: metric for metric in part(task, "measures").MEASURES.comparable}
    for arm in (comparison.first, comparison.second):
        if arm.metric not in metrics:
            raise DataError(
                f"{file}: metric = {arm.metric} is not a metric of {task}; run `dvc repro judge`"
            )
    first, second = (_side(arm, metrics, results) for arm in (comparison.first, comparison.second))
    resampled = f"bs:{resampling.resamples}|seed:{resampling.seed}"
    signature = _signature(results.get(first.run), first.metric.key)
    return Compared(
        first=first,
        second=second,
        difference=comparison.difference,
        low=comparison.low,
        high=comparison.high,
        p_value=comparison.p_value,
        records=comparison.records,
        clusters=comparison.clusters,
        signature=f"{signature}|{resampled}" if signature else resampled,
    )


def _side(arm: Arm, metrics: Mapping[str, Metric], results: Mapping[str, Result]) -> Side:
    name, _, variant = arm.run.partition("@")
    title = results[name].run.title if name in results else name
    if variant.isdecimal():
        title = f"{title} after {int(variant):,} updates"
    elif variant:
        title = f"{title}, {variant.replace('_', ' ')}"
    return Side(arm.run, title, metrics[arm.metric], arm.score, len(arm.runs))


def _signature(result: Result | None, metric: str) -> str:
    """Return the signature of a text metric, without its interval; empty for other metrics."""
    test = result.metrics["test"] if result else {}
    return _INTERVAL_PARTS.sub("", str(test.get(f"{metric}_signature", "")))

"""Verdicts on claims."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.errors import ConfigError
from pipeline.judging.claims import CLAIMS, Better, Check, Claim, Numbers, Relation, needed
from pipeline.judging.comparing import (
    Side,
    compare,
    default_metric,
    has,
    named_metric,
    rounded,
    task_of,
)
from pipeline.judging.judgements import (
    BetterResult,
    Comparison,
    Earlier,
    Judgement,
    NumbersResult,
    Outcome,
    Verdict,
)
from pipeline.judging.measured import Measured
from pipeline.judging.numbers import value_of
from pipeline.records import RunRecords, records_path
from pipeline.statistics.difference import SIGNIFICANCE, Difference
from pipeline.statistics.holm import holm

Result = BetterResult | NumbersResult


def judge(claim: Claim, measured: Measured) -> Judgement:
    """Judge `claim` by the first of its lists of checks whose runs are all available.

    Raises ConfigError if a check names an unknown metric, DataError if two runs have different test
    records or a file lacks a number.
    """
    checks, missing = claim.checks, _missing(claim, claim.checks, measured)
    if missing and claim.elsewhere and not _missing(claim, claim.elsewhere, measured):
        checks, missing = claim.elsewhere, []
    results = [] if missing else _results(claim, checks, measured)
    tests = [each.comparison for each in results if isinstance(each, BetterResult)]
    return Judgement(
        **claim.model_dump(exclude={"checks", "elsewhere"}),
        verdict=Verdict.NOT_RUN if missing else _verdict(results),
        one_seed=any(test.has_one_seed for test in tests),
        missing=missing,
        checks=results,
    )


def _missing(claim: Claim, checks: Sequence[Check], measured: Measured) -> list[str]:
    """Return what `checks` need and the scale lacks."""
    lacking = [name for name in needed(checks) if name not in measured]
    pairs = [check for check in checks if isinstance(check, Better)]
    runs = [name for name in needed(pairs) if name not in lacking]
    unrecorded = [name for name in runs if name not in measured.records]
    lacking += [str(records_path(name)) for name in unrecorded]
    if not lacking:
        for check in pairs:
            lacking += _not_recorded(_sides(claim, check, measured))
    return list(dict.fromkeys(lacking))


def _not_recorded(sides: Sequence[Side]) -> list[str]:
    """Return the metrics that some run of `sides` did not record, with its file."""
    lacking = []
    for side in sides:
        metric, split = side.metric, side.split(side.metric.split or "test")
        lacking += [
            f"{records_path(name)}: {metric.key} on {split}"
            for name, run in side.records.items()
            if not has(run, metric, split)
        ]
    return lacking


def _sides(claim: Claim, check: Better, measured: Measured) -> tuple[Side, Side]:
    """Return the two sides of a check, each with its replicates."""
    first, second = (_with_replicates(name, measured) for name in (check.run, check.than))
    task = task_of(first)
    try:
        if check.metric is None:
            metric = default_metric(task, [*first.values(), *second.values()], "test")
        else:
            metric = named_metric(task, check.metric)
        than = metric if check.than_metric is None else named_metric(task, check.than_metric)
    except ConfigError as error:
        where = f"{CLAIMS.name}: {claim.id}: {check.run} better than {check.than}"
        raise ConfigError(f"{where}: {error}") from None
    return Side(check.run, first, metric), Side(check.than, second, than)


def _with_replicates(name: str, measured: Measured) -> dict[str, RunRecords]:
    group = measured.replicates[name.partition("@")[0]]
    return {run: measured.records[run] for run in group}


@dataclass(frozen=True)
class _Tested:
    """A check of two runs, before the correction for the other checks of its claim."""

    check: Better
    task: str
    comparison: Comparison
    difference: Difference
    trend: list[Earlier]

    def result(self, p_value: float, p_contrary: float) -> BetterResult:
        """Return the result with corrected p values."""
        return BetterResult(
            kind="better",
            task=self.task,
            comparison=self.comparison,
            margin=self.check.margin,
            published=self.check.published,
            p_value=rounded(p_value),
            p_contrary=rounded(p_contrary),
            smallest_effect=rounded(self.difference.smallest_effect()),
            trend=self.trend,
            outcome=_outcome(p_value, p_contrary),
        )


def _results(claim: Claim, checks: Sequence[Check], measured: Measured) -> list[Result]:
    """Return the results of the checks, numbers last; tests of a claim are corrected by Holm."""
    tested = [_test(claim, check, measured) for check in checks if isinstance(check, Better)]
    p_values = holm([float(each.difference.p_value(each.check.margin)) for each in tested])
    contrary = holm([float(each.difference.p_value_of_less(each.check.margin)) for each in tested])
    numbers = [check for check in checks if isinstance(check, Numbers)]
    return [
        *(each.result(*p) for each, *p in zip(tested, p_values, contrary, strict=True)),
        *(_compare_numbers(check, measured) for check in numbers),
    ]


def _test(claim: Claim, check: Better, measured: Measured) -> _Tested:
    sides = _sides(claim, check, measured)
    return _Tested(check, sides[0].task, *compare(*sides), _trend(*sides))


def _trend(first: Side, second: Side) -> list[Earlier]:
    """Compare two runs at all updates after which both keep their weights."""
    if "@" in first.run + second.run:
        return []
    trend = []
    for steps in sorted(first.kept_steps & second.kept_steps):
        earlier = (replace(side, run=f"{side.run}@{steps}") for side in (first, second))
        found, _ = compare(*earlier)
        trend.append(
            Earlier(steps=steps, difference=found.difference, low=found.low, high=found.high)
        )
    return trend


def _outcome(p_value: float, p_contrary: float) -> Outcome:
    if p_value < SIGNIFICANCE:
        return Outcome.HOLDS
    return Outcome.FAILS if p_contrary < SIGNIFICANCE else Outcome.OPEN


def _compare_numbers(check: Numbers, measured: Measured) -> NumbersResult:
    first, second = (value_of(number, measured) for number in (check.first, check.second))
    holds = first < second if check.relation is Relation.BELOW else first > second
    return NumbersResult(
        kind=check.kind,
        what=check.what,
        first=first,
        relation=check.relation.value,
        second=second,
        outcome=Outcome.HOLDS if holds else Outcome.FAILS,
    )


def _verdict(results: Sequence[Result]) -> Verdict:
    outcomes = {result.outcome for result in results}
    if Outcome.FAILS in outcomes:
        return Verdict.CONTRADICTED
    return Verdict.INCONCLUSIVE if Outcome.OPEN in outcomes else Verdict.REPRODUCED

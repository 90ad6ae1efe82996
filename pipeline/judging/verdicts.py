"""Verdicts on claims."""

from collections.abc import Sequence

from pipeline.errors import ConfigError
from pipeline.judging.claims import (
    CLAIMS,
    Better,
    Check,
    Claim,
    Numbers,
    Relation,
    Searched,
    needed,
)
from pipeline.judging.comparing import Side, compare
from pipeline.judging.judgements import (
    SIGNIFICANT,
    BetterResult,
    Judgement,
    NumbersResult,
    Verdict,
)
from pipeline.judging.measured import Measured
from pipeline.judging.numbers import searched, value_of
from pipeline.judging.replicates import replicates
from pipeline.records import records_path

Result = BetterResult | NumbersResult


def judge(claim: Claim, measured: Measured) -> Judgement:
    """Judge `claim` by the first of its lists of checks whose runs are all available.

    Raises ConfigError if a check names an unknown metric, DataError if two runs have different test
    records or a file lacks a number.
    """
    checks, missing = claim.checks, _missing(claim.checks, measured)
    if missing and claim.elsewhere and not _missing(claim.elsewhere, measured):
        checks, missing = claim.elsewhere, []
    results = [] if missing else [_check(claim, check, measured) for check in checks]
    return Judgement(
        **claim.model_dump(exclude={"checks", "elsewhere"}),
        verdict=Verdict.NOT_RUN if missing else _verdict(results),
        missing=missing,
        checks=results,
    )


def _missing(checks: Sequence[Check], measured: Measured) -> list[str]:
    """Return what `checks` need and the scale lacks."""
    lacking = [name for name in needed(checks) if name not in measured]
    lacking += [
        str(search)
        for search in _searches(checks)
        if search.name in measured and searched(search, measured) is None
    ]
    compared = needed([check for check in checks if isinstance(check, Better)])
    without = [name for name in compared if name in measured and name not in measured.records]
    return lacking + [str(records_path(name)) for name in without]


def _searches(checks: Sequence[Check]) -> list[Searched]:
    numbers = [check for check in checks if isinstance(check, Numbers)]
    operands = [number for check in numbers for number in (check.first, check.second)]
    return [number for number in operands if isinstance(number, Searched)]


def _check(claim: Claim, check: Check, measured: Measured) -> Result:
    if isinstance(check, Numbers):
        return _compare_numbers(check, measured)
    try:
        return _compare_runs(check, measured)
    except ConfigError as error:
        where = f"{CLAIMS.name}: {claim.id}: {check.run} better than {check.than}"
        raise ConfigError(f"{where}: {error}") from None


def _compare_runs(check: Better, measured: Measured) -> BetterResult:
    groups = replicates({name: run.settings for name, run in measured.records.items()})
    sides = [
        Side(run, {name: measured.records[name] for name in groups[run]}, share)
        for run, share in ((check.run, check.share_of_run), (check.than, check.share_of_than))
    ]
    comparison = compare(*sides, check.metric)
    return BetterResult(
        kind=check.kind, task=sides[0].task, comparison=comparison, holds=comparison.difference > 0
    )


def _compare_numbers(check: Numbers, measured: Measured) -> NumbersResult:
    first, second = (value_of(number, measured) for number in (check.first, check.second))
    if check.relation is Relation.BELOW:
        holds = first.value < second.value
    else:
        holds = first.value > second.value
    return NumbersResult(
        kind=check.kind,
        what=check.what,
        first=first,
        relation=check.relation.value,
        second=second,
        sampled=check.sampled,
        holds=holds,
    )


def _verdict(results: Sequence[Result]) -> Verdict:
    if not all(result.holds for result in results):
        return Verdict.NOT_REPRODUCED
    return Verdict.REPRODUCED if all(map(_is_significant, results)) else Verdict.DIRECTION_ONLY


def _is_significant(result: Result) -> bool:
    """Whether a comparison is significant; numbers that are sampled never are."""
    if isinstance(result, NumbersResult):
        return not result.sampled
    return result.comparison.p_value < SIGNIFICANT

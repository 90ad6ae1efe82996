"""The lecture's claims, judged by the runs of a scale: reproduced or not, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ruamel.yaml import YAML

from models.settings import Settings
from pipeline.reporting.results import Result
from pipeline.reporting.significance import Comparison, compare, measure

SIGNIFICANT = 0.05  # the largest p of a difference that counts as real
_CLAIMS = Path(__file__).with_name("claims.yaml")


class Verdict(StrEnum):
    """What the runs say of a claim."""

    REPRODUCED = "reproduced"  # every pair is in the claimed order, and the difference is real
    DIRECTION_ONLY = "direction only"  # in the claimed order, but another test split might differ
    NOT_REPRODUCED = "not reproduced"  # some pair is in the other order
    NOT_RUN = "not run"  # the scale lacks some run


class Pair(Settings):
    """Two runs, by name, in the claimed order."""

    better: str
    than: str


class Claim(Settings):
    """A sentence of the lecture, what was published for it, and the pairs of runs that judge it."""

    id: str
    claim: str
    published: str
    where: str
    arxiv: str
    pairs: list[Pair]


@dataclass(frozen=True)
class Judged:
    """A claim, its verdict, and the comparison of each pair."""

    claim: Claim
    verdict: Verdict
    comparisons: list[Comparison]
    missing: list[str]  # runs that the scale lacks


def read_claims() -> list[Claim]:
    """Read the claims that come with the code."""
    claims = YAML(typ="safe", pure=True).load(_CLAIMS.read_text("utf-8"))
    return [Claim.model_validate(claim) for claim in claims]


def judge(claim: Claim, results: Sequence[Result]) -> Judged:
    """Judge `claim` by the test scores of `results`; DataError if a pair has other test records."""
    by_name = {result.name: result for result in results}
    wanted = dict.fromkeys(name for pair in claim.pairs for name in (pair.better, pair.than))
    missing = [name for name in wanted if name not in by_name]
    if missing:
        return Judged(claim, Verdict.NOT_RUN, [], missing)
    measured = {name: measure(by_name[name]) for name in wanted}
    compared = [compare(measured[pair.better], measured[pair.than]) for pair in claim.pairs]
    in_order = [
        comparison.difference > 0 and comparison.better.result.name == pair.better
        for comparison, pair in zip(compared, claim.pairs, strict=True)
    ]
    if not all(in_order):
        verdict = Verdict.NOT_REPRODUCED
    elif all(comparison.p_value < SIGNIFICANT for comparison in compared):
        verdict = Verdict.REPRODUCED
    else:
        verdict = Verdict.DIRECTION_ONLY
    return Judged(claim, verdict, compared, [])

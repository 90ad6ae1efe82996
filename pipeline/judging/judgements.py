"""What the judge stage writes: reports/claims.json, comparisons.json and verdicts.json."""

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from models.settings import Settings
from pipeline.errors import DataError
from pipeline.files import read_json, write_json

JUDGEMENTS = Path("reports/claims.json")
COMPARISONS = Path("reports/comparisons.json")
VERDICTS = Path("reports/verdicts.json")
SIGNIFICANT = 0.05  # the largest p of a difference that counts as real


class Verdict(StrEnum):
    """What a scale says of a claim."""

    REPRODUCED = "reproduced"  # every check holds, and no other test records would say otherwise
    DIRECTION_ONLY = "direction only"  # every check holds, but other records might say otherwise
    NOT_REPRODUCED = "not reproduced"  # some check does not hold
    NOT_RUN = "not run"  # the scale lacks what a check needs


class Arm(Settings):
    """One side of a comparison: a run, and those that differ from it in their seed alone."""

    run: str  # that was to be compared
    runs: list[str]  # all of them
    seeds: list[int]  # of their trainings, in the same order
    share: float  # of their score that is compared, usually 1
    score: float  # the mean of that of all runs, times the share


class Comparison(Settings):
    """Two arms on the same test records, by a paired bootstrap."""

    metric: str  # its key
    records: int
    clusters: int  # of these records, which are what is resampled
    first: Arm
    second: Arm
    difference: float  # by how much the first is better, in the unit of the metric
    low: float  # of its 95 % interval
    high: float
    p_value: float  # of at least so large a difference in either direction, were both equally good


class ComparedTestSet(Settings):
    """Every pair of the runs that were measured on one test set."""

    task: str
    dataset: str
    split: str
    pairs: list[Comparison]


class Resampling(Settings):
    """How often test records were resampled, and with which seed."""

    resamples: int
    seed: int


class Comparisons(Settings):
    """The comparisons of runs on all test sets."""

    resampling: Resampling
    test_sets: list[ComparedTestSet]


class Value(Settings):
    """A number, with its 95 % interval where it was measured with one."""

    value: float
    low: float | None
    high: float | None


class BetterResult(Settings):
    """What a check of two runs found."""

    kind: Literal["better"]
    task: str
    comparison: Comparison  # the first arm is that which is claimed to be better
    holds: bool  # whether it is better, be it surely or not


class NumbersResult(Settings):
    """What a check of two numbers found."""

    kind: Literal["numbers"]
    what: str  # is compared
    first: Value
    relation: str
    second: Value
    sampled: bool  # other test records would give other numbers
    holds: bool


class Judgement(Settings):
    """A claim, its verdict, and what each check found; none did where something is missing."""

    id: str
    claim: str
    section: str
    published: str
    where: str
    arxiv: str
    verdict: Verdict
    missing: list[str]  # what the scale lacks
    checks: list[Annotated[BetterResult | NumbersResult, Field(discriminator="kind")]]

    @property
    def comparisons(self) -> list[BetterResult]:
        """What the checks of two runs found."""
        return [check for check in self.checks if isinstance(check, BetterResult)]

    @property
    def numbers(self) -> list[NumbersResult]:
        """What the checks of two numbers found."""
        return [check for check in self.checks if isinstance(check, NumbersResult)]


class Judgements(Settings):
    """The judgements of all claims."""

    resampling: Resampling
    claims: list[Judgement]

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        found = Counter(claim.verdict for claim in self.claims)
        return {verdict.value.replace(" ", "_"): found[verdict] for verdict in Verdict}


def write_judgements(judgements: Judgements, comparisons: Comparisons) -> None:
    """Write the three files; equal judgements have equal bytes."""
    write_json(JUDGEMENTS, judgements.model_dump(mode="json"))
    write_json(COMPARISONS, comparisons.model_dump(mode="json"))
    write_json(VERDICTS, {"claims": judgements.counts})  # which `dvc metrics diff` compares


def read_judgements() -> Judgements:
    """Read what the judge stage says of each claim; DataError names the file if it is damaged."""
    return _read(JUDGEMENTS, Judgements)


def read_comparisons() -> Comparisons:
    """Read the comparisons of runs; DataError names the file if it is damaged."""
    return _read(COMPARISONS, Comparisons)


def _read(path: Path, kind: type[Settings]) -> Settings:
    content = read_json(path)
    try:
        return kind.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(f"{path}: {where}: {first['msg']}; run `dvc repro judge`") from None

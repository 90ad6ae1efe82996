"""Output of the judge stage: reports/claims.json, comparisons.json and verdicts.json."""

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
SIGNIFICANT = 0.05  # significance level


class Verdict(StrEnum):
    """Verdict of a scale on a claim."""

    REPRODUCED = "reproduced"  # every check holds, all differences are significant
    DIRECTION_ONLY = "direction only"  # every check holds, some difference is not significant
    NOT_REPRODUCED = "not reproduced"  # a check does not hold
    NOT_RUN = "not run"  # the scale lacks what a check needs


class Arm(Settings):
    """One side of a comparison: a run and its replicates, which differ only in their seed."""

    run: str
    runs: list[str]  # all replicates
    seeds: list[int]  # of their trainings, in the same order
    share: float  # of the score that is compared, usually 1
    score: float  # mean over runs, times the share


class Comparison(Settings):
    """Two arms on the same test records, by a paired bootstrap."""

    metric: str  # its key
    records: int
    clusters: int  # of these records; the unit of resampling
    first: Arm
    second: Arm
    difference: float  # how much the first is better, in the unit of the metric
    low: float  # of the 95 % interval
    high: float
    p_value: float  # two-sided


class ComparedTestSet(Settings):
    """All pairs of runs on one test set."""

    task: str
    dataset: str
    split: str
    pairs: list[Comparison]


class Resampling(Settings):
    """Number of bootstrap resamples, and their seed."""

    resamples: int
    seed: int


class Comparisons(Settings):
    """Comparisons of runs on all test sets."""

    resampling: Resampling
    test_sets: list[ComparedTestSet]


class Value(Settings):
    """A number with its 95 % interval, if it has one."""

    value: float
    low: float | None
    high: float | None


class BetterResult(Settings):
    """Result of a check of two runs."""

    kind: Literal["better"]
    task: str
    comparison: Comparison  # the first arm is claimed to be better
    holds: bool  # whether it is better, significantly or not


class NumbersResult(Settings):
    """Result of a check of two numbers."""

    kind: Literal["numbers"]
    what: str  # description of the numbers
    first: Value
    relation: str
    second: Value
    sampled: bool  # depends on the sample of test records
    holds: bool


class Judgement(Settings):
    """A claim, its verdict, and the results of its checks, empty if something is missing."""

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
        """Results of the checks of two runs."""
        return [check for check in self.checks if isinstance(check, BetterResult)]

    @property
    def numbers(self) -> list[NumbersResult]:
        """Results of the checks of two numbers."""
        return [check for check in self.checks if isinstance(check, NumbersResult)]


class Judgements(Settings):
    """Judgements of all claims."""

    resampling: Resampling
    claims: list[Judgement]

    @property
    def counts(self) -> dict[str, int]:
        """Number of claims by verdict."""
        counts = Counter(claim.verdict for claim in self.claims)
        return {verdict.value.replace(" ", "_"): counts[verdict] for verdict in Verdict}


def write_judgements(judgements: Judgements, comparisons: Comparisons) -> None:
    """Write the three files; equal judgements give equal bytes."""
    write_json(JUDGEMENTS, judgements.model_dump(mode="json"))
    write_json(COMPARISONS, comparisons.model_dump(mode="json"))
    write_json(VERDICTS, {"claims": judgements.counts})  # which `dvc metrics diff` compares


def read_judgements() -> Judgements:
    """Read the judgements of all claims; DataError names the file if it is damaged."""
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

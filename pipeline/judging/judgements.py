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


class Outcome(StrEnum):
    """What a check of a claim found."""

    HOLDS = "holds"  # significantly, if it is a test
    FAILS = "fails"  # the contrary is significant
    OPEN = "open"  # neither is


class Verdict(StrEnum):
    """Verdict of a scale on a claim."""

    REPRODUCED = "reproduced"  # every check holds
    CONTRADICTED = "contradicted"  # a check fails
    INCONCLUSIVE = "inconclusive"  # neither
    NOT_RUN = "not run"  # the scale lacks what a check needs


class Arm(Settings):
    """One side of a comparison: a run or a variant of it, and its replicates."""

    run: str  # <run>, or <run>@<variant>
    metric: str  # its key
    runs: list[str]  # all replicates, which differ only in their seed
    scores: list[float]  # of these runs
    score: float  # their mean


class Comparison(Settings):
    """Two arms on the same test records, compared over clusters and over seeds."""

    records: int
    clusters: int  # of these records; the unit of resampling
    first: Arm
    second: Arm
    difference: float  # how much the first is better, in the unit of its metric
    low: float  # of the 95 % interval
    high: float
    p_value: float  # two-sided

    @property
    def has_one_seed(self) -> bool:
        """Whether nothing is known of other trainings of an arm."""
        return 1 in (len(self.first.runs), len(self.second.runs))


class ComparedTestSet(Settings):
    """All pairs of runs on one test set; replicates are one run."""

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


class Earlier(Settings):
    """The same comparison with the weights of both runs after fewer updates."""

    steps: int
    difference: float
    low: float  # of the 95 % interval
    high: float


class BetterResult(Settings):
    """Result of a check of two runs."""

    kind: Literal["better"]
    task: str
    comparison: Comparison  # the first arm is claimed to be better
    margin: float  # how much worse it may be
    published: float | None  # how much better it was published to be
    p_value: float  # of a difference above -margin, by Holm over the checks of the claim
    p_contrary: float  # of a difference below -margin, the same
    smallest_effect: float  # difference above -margin that 80 of 100 such experiments find
    trend: list[Earlier]  # at the updates after which both runs keep their weights
    outcome: Outcome


class NumbersResult(Settings):
    """Result of a check of two numbers."""

    kind: Literal["numbers"]
    what: str  # description of the numbers
    first: float
    relation: str
    second: float
    outcome: Outcome


class Judgement(Settings):
    """A claim, its verdict, and the results of its checks, empty if something is missing."""

    id: str
    claim: str
    section: str
    published: str
    where: str
    arxiv: str
    verdict: Verdict
    one_seed: bool  # whether some test knows a single training of an arm
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
    significance: float  # level of the tests
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
    write_json(VERDICTS, judgements.counts)  # which `dvc metrics diff` compares


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

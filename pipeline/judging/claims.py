"""The lecture's claims and their checks, from claims.yaml."""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat
from ruamel.yaml import YAML

from models.settings import Settings

CLAIMS = Path(__file__).with_name("claims.yaml")


class Better(Settings):
    """A run is better than another on the same test records, by a paired bootstrap.

    A stronger claim compares a share of a score: if quality collapses, even a share of the better
    score is better than the other. For a loss, a share above 1 is the stronger claim.
    """

    kind: Literal["better"]
    run: str
    than: str
    metric: str | None  # a key of the task's metrics; null: BLEU of translations, else the first
    share_of_run: PositiveFloat = 1.0  # share of the score of `run` that is compared
    share_of_than: PositiveFloat = 1.0


class Measurement(Settings):
    """A metric of a run or a demonstration: the mean of the numbers at `paths`."""

    name: str  # of the run or the demonstration
    paths: Annotated[list[str], Field(min_length=1)]  # dotted, in reports/metrics/<name>.json


class Searched(Settings):
    """BLEU on the validation split with one of the settings of a run's search grid."""

    name: str  # of the run
    beam_size: int
    length_penalty: float

    def __str__(self) -> str:
        return f"{self.name}, beam size {self.beam_size}, length penalty {self.length_penalty}"


class Benchmarked(Settings):
    """A number measured by `make bench`, on any machine."""

    benchmark: str  # `what` of its row in reports/benchmarks.json
    key: str  # of that row


class Relation(StrEnum):
    """Order of two numbers."""

    BELOW = "below"
    ABOVE = "above"


class Numbers(Settings):
    """A measured number is below or above another number or a bound."""

    kind: Literal["numbers"]
    what: str  # description of the numbers
    first: Measurement | Searched | Benchmarked
    relation: Relation
    second: Measurement | Searched | Benchmarked | float
    sampled: bool  # depends on the sample of test records


Check = Annotated[Better | Numbers, Field(discriminator="kind")]


class Claim(Settings):
    """A claim of the lecture, paraphrased, with the published numbers and its checks."""

    id: str
    claim: str
    section: str  # of the page with its figures
    published: str
    where: str  # in the paper
    arxiv: str
    checks: list[Check]
    elsewhere: list[Check] = []  # checks with other runs, for other scales


def read_claims() -> list[Claim]:
    """Read claims.yaml."""
    claims = YAML(typ="safe", pure=True).load(CLAIMS.read_text("utf-8"))
    return [Claim.model_validate_json(json.dumps(claim)) for claim in claims]


def needed(checks: Sequence[Check]) -> list[str]:
    """Return the runs, demonstrations and benchmarks that `checks` need."""
    needed = []
    for check in checks:
        if isinstance(check, Better):
            needed += [check.run, check.than]
            continue
        for number in (check.first, check.second):
            if isinstance(number, Measurement | Searched):
                needed.append(number.name)
            elif isinstance(number, Benchmarked):
                needed.append(number.benchmark)
    return list(dict.fromkeys(needed))

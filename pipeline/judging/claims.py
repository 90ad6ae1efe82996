"""The lecture's claims, in claims.yaml, and how each of them is checked."""

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

    Where a claim says more than that, a share of a score is compared: were quality to collapse,
    even a share of the better score would be better than the other one. Of a loss, a share above 1
    asks for more.
    """

    kind: Literal["better"]
    run: str
    than: str
    metric: str | None  # a key of the task's metrics; null: BLEU of translations, else the first
    share_of_run: PositiveFloat = 1.0  # of its score, that is compared
    share_of_than: PositiveFloat = 1.0


class Measurement(Settings):
    """A number that a run or a demonstration measured: the mean of those at `paths`."""

    name: str  # of the run or the demonstration
    paths: Annotated[list[str], Field(min_length=1)]  # dotted, in reports/metrics/<name>.json


class Searched(Settings):
    """BLEU of the validation split, which a run's decode stage searched with several settings."""

    name: str  # of the run
    beam_size: int
    length_penalty: float

    def __str__(self) -> str:
        return f"{self.name}, beam size {self.beam_size}, length penalty {self.length_penalty}"


class Benchmarked(Settings):
    """A number that `make bench` measured, on whichever machine that was."""

    benchmark: str  # `what` of its row in reports/benchmarks.json
    key: str  # of that row


class Relation(StrEnum):
    """How two numbers stand to each other."""

    BELOW = "below"
    ABOVE = "above"


class Numbers(Settings):
    """A measured number is below or above another one, or a bound."""

    kind: Literal["numbers"]
    what: str  # is compared
    first: Measurement | Searched | Benchmarked
    relation: Relation
    second: Measurement | Searched | Benchmarked | float
    sampled: bool  # other test records would give other numbers


Check = Annotated[Better | Numbers, Field(discriminator="kind")]


class Claim(Settings):
    """A sentence of the lecture in our words, what was published for it, and how it is checked."""

    id: str
    claim: str
    section: str  # of the page, where its figures are
    published: str
    where: str  # in the paper
    arxiv: str
    checks: list[Check]
    elsewhere: list[Check] = []  # with other runs, for a scale that has those instead


def read_claims() -> list[Claim]:
    """Read the claims that come with the code."""
    claims = YAML(typ="safe", pure=True).load(CLAIMS.read_text("utf-8"))
    return [Claim.model_validate_json(json.dumps(claim)) for claim in claims]


def needed(checks: Sequence[Check]) -> list[str]:
    """The runs, demonstrations and benchmarks that `checks` need."""
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

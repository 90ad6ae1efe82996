"""The lecture's claims and their checks, from claims.yaml."""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, ValidationError
from ruamel.yaml import YAML

from models.settings import Settings
from pipeline.errors import ConfigError
from pipeline.explain import explain

CLAIMS = Path(__file__).with_name("claims.yaml")


class Better(Settings):
    """A run is better than another on the same test records, or at least not inferior to it.

    A run may be a variant of one, `<run>@<variant>`: see pipeline/records.py. The second score may
    be another metric, such as a baseline's on the same records.
    """

    kind: Literal["better"]
    run: str
    than: str
    metric: str | None  # a key of the task's metrics; null: the first that all runs recorded
    than_metric: str | None = None  # of `than`; null: the same
    margin: NonNegativeFloat = 0.0  # how much worse `run` may be, in the unit of the metric
    published: float | None = None  # how much better it was published to be, in that unit


class Measurement(Settings):
    """A metric of a run or a demonstration that does not depend on the sample of test records."""

    name: str  # of the run or the demonstration
    path: str  # dotted, in reports/measurements/<name>.json


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
    first: Measurement | Benchmarked
    relation: Relation
    second: Measurement | Benchmarked | float


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


def read_claims(path: Path = CLAIMS) -> list[Claim]:
    """Read the claims; ConfigError names the claim and the key that is wrong."""
    return [_claim(raw, path) for raw in YAML(typ="safe", pure=True).load(path.read_text("utf-8"))]


def _claim(raw: dict[str, Any], path: Path) -> Claim:
    try:
        return Claim.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {raw.get('id')}: {explain(error, raw)}") from None


def needed(checks: Sequence[Check]) -> list[str]:
    """Return the runs, demonstrations and benchmarks that `checks` need."""
    needed = []
    for check in checks:
        if isinstance(check, Better):
            needed += [name.partition("@")[0] for name in (check.run, check.than)]
            continue
        for number in (check.first, check.second):
            if isinstance(number, Measurement):
                needed.append(number.name)
            elif isinstance(number, Benchmarked):
                needed.append(number.benchmark)
    return list(dict.fromkeys(needed))

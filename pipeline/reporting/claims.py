"""The lecture's claims, judged by what a scale measured: reproduced or not, and how surely."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat
from ruamel.yaml import YAML

from models.settings import Settings
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.benchmarks import FILE as BENCHMARKS
from pipeline.reporting.results import METRICS, RUNS, Result
from pipeline.reporting.scores import Score
from pipeline.reporting.significance import Comparison, compare, measure
from pipeline.tasks.translation.reporting.search_grid import read_search_grid

SIGNIFICANT = 0.05  # the largest p of a difference that counts as real
_CLAIMS = Path(__file__).with_name("claims.yaml")


class Verdict(StrEnum):
    """What a scale says of a claim."""

    REPRODUCED = "reproduced"  # every check holds, and no other test records would say otherwise
    DIRECTION_ONLY = "direction only"  # every check holds, but other records might say otherwise
    NOT_REPRODUCED = "not reproduced"  # some check does not hold
    NOT_RUN = "not run"  # the scale lacks what a check needs


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


@dataclass(frozen=True)
class Compared:
    """What a check of numbers found."""

    check: Numbers
    first: Score
    second: Score

    @property
    def holds(self) -> bool:
        """Whether the numbers are in the claimed order."""
        if self.check.relation is Relation.BELOW:
            return self.first.value < self.second.value
        return self.first.value > self.second.value


@dataclass(frozen=True)
class Judged:
    """A claim, its verdict, and what each check found."""

    claim: Claim
    verdict: Verdict
    comparisons: list[Comparison] = field(default_factory=list)
    numbers: list[Compared] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # what the scale lacks


def read_claims() -> list[Claim]:
    """Read the claims that come with the code."""
    claims = YAML(typ="safe", pure=True).load(_CLAIMS.read_text("utf-8"))
    return [Claim.model_validate_json(json.dumps(claim)) for claim in claims]


def judge(claim: Claim, params: Params, results: Sequence[Result]) -> Judged:
    """Judge `claim` by the results of the scale `params`, by the first checks whose runs it has.

    Raises DataError if two runs have other test records, or a file lacks a number.
    """
    by_name = {result.name: result for result in results}
    checks, missing = claim.checks, _missing(claim.checks, params, by_name)
    if missing and claim.elsewhere and not _missing(claim.elsewhere, params, by_name):
        checks, missing = claim.elsewhere, []
    if missing:
        return Judged(claim, Verdict.NOT_RUN, missing=missing)
    better = [check for check in checks if isinstance(check, Better)]
    comparisons = [_compare(check, by_name) for check in better]
    numbers = [
        Compared(check, _value(check.first, by_name), _value(check.second, by_name))
        for check in checks
        if isinstance(check, Numbers)
    ]
    in_order = [
        comparison.difference > 0 and comparison.better.result.name == check.run
        for comparison, check in zip(comparisons, better, strict=True)
    ]
    sure = all(each.p_value < SIGNIFICANT for each in comparisons) and not any(
        each.check.sampled for each in numbers
    )
    if not all(in_order) or not all(each.holds for each in numbers):
        verdict = Verdict.NOT_REPRODUCED
    else:
        verdict = Verdict.REPRODUCED if sure else Verdict.DIRECTION_ONLY
    return Judged(claim, verdict, comparisons, numbers)


def needed(checks: Sequence[Better | Numbers]) -> list[str]:
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
    return needed


def is_there(name: str, params: Params) -> bool:
    """Whether a scale has the run or the demonstration, or somebody measured the benchmark."""
    return name in params.runs or name in params.demonstrations or name in _benchmarks()


def _benchmarks() -> dict[str, dict[str, Any]]:
    """The rows of `make bench` by what they measured."""
    return {row["what"]: row for row in read_json(BENCHMARKS)}


def _compare(check: Better, results: dict[str, Result]) -> Comparison:
    run, than = (measure(results[name], check.metric) for name in (check.run, check.than))
    return compare(run.part(check.share_of_run), than.part(check.share_of_than))


def _value(
    number: Measurement | Searched | Benchmarked | float, results: dict[str, Result]
) -> Score:
    match number:
        case Measurement(name=name, paths=paths):
            file = METRICS / f"{name}.json"
            content = read_json(file)
            values = [_at(content, path, file) for path in paths]
            return Score(sum(values) / len(values), *_interval(content, paths, file))
        case Searched():
            return Score(_searched(number, results[number.name]))
        case Benchmarked(benchmark=benchmark, key=key):
            return Score(_at(_benchmarks()[benchmark], key, BENCHMARKS))
        case _:
            return Score(number)


def _missing(
    checks: Sequence[Better | Numbers], params: Params, results: dict[str, Result]
) -> list[str]:
    """What the scale lacks of what `checks` need."""
    lacking = [name for name in dict.fromkeys(needed(checks)) if not is_there(name, params)]
    lacking += [str(search) for search in _searches(checks) if _is_missing(search, results)]
    better = [check for check in checks if isinstance(check, Better)]
    compared = dict.fromkeys(name for check in better for name in (check.run, check.than))
    measured = [results[name] for name in compared if name in results]
    return lacking + [str(RUNS / result.name) for result in measured if not result.is_here]


def _searches(checks: Sequence[Better | Numbers]) -> list[Searched]:
    numbers = [check for check in checks if isinstance(check, Numbers)]
    both = [number for check in numbers for number in (check.first, check.second)]
    return [number for number in both if isinstance(number, Searched)]


def _is_missing(search: Searched, results: dict[str, Result]) -> bool:
    return search.name in results and _searched(search, results[search.name]) is None


def _searched(search: Searched, result: Result) -> float | None:
    """Tokenised BLEU of a search, None if the run did not search with these settings."""
    grid = read_search_grid(result)
    if grid is None:
        return None
    cells = zip(grid.length_penalties, grid.rows.get(search.beam_size, []), strict=False)
    return next((cell.bleu for alpha, cell in cells if alpha == search.length_penalty), None)


def _interval(content: dict[str, Any], paths: list[str], file: Path) -> list[float]:
    """The 95 % interval of a number that was measured with one; a mean of several has none."""
    ends = [f"{paths[0]}_{end}" for end in ("low", "high")]
    if len(paths) > 1 or any(_find(content, end) is None for end in ends):
        return []
    return [_at(content, end, file) for end in ends]


def _at(content: dict[str, Any], path: str, file: Path) -> float:
    """The number at a dotted path of `content`, which is that of `file`."""
    value = _find(content, path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{file}: {path} = {value!r} is not a number; make it again, `dvc repro`")
    return float(value)


def _find(content: dict[str, Any], path: str) -> Any:
    try:
        return reduce(lambda part, key: part[key], path.split("."), content)
    except (KeyError, TypeError):
        return None

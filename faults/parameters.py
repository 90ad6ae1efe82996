"""Wrong params.yaml files, made from the right ones: python -m faults.parameters.

Every parameter of the scales is left out, misspelt, given another type and a number out of range;
contradictions are listed by hand. Each has to be refused in one line with the dotted path.
"""

import copy
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from faults.rows import record
from pipeline import config
from pipeline.errors import ConfigError

ROOT = Path(__file__).parents[1]
# Of the lecture, whose many runs would take an hour, the demonstrations are added.
FILES = ("params.yaml", "paper/params.yaml", "tests/smoke/params.yaml")
LECTURE = "lecture/params.yaml"
# Whose keys are names that the user gives: none is missing or misspelt there.
_NAMED = ("datasets", "runs", "demonstrations", "splits", "sha256")

Place = tuple[str, ...]


@dataclass(frozen=True)
class Mutation:
    """A wrong file, and the dotted path that its refusal has to name."""

    kind: str
    where: str
    content: dict[str, Any]


def read(file: str) -> dict[str, Any]:
    """A params.yaml of the repository as plain values, what YAML shares written out."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load((ROOT / file).read_text())))


def demonstrations() -> dict[str, Any]:
    """The lecture's demonstrations beside one of its runs, with their data."""
    content = read(LECTURE)
    run, settings = next(iter(content["runs"].items()))
    users = [settings, *content["demonstrations"].values()]
    used = {each["dataset"] for each in users}
    datasets = {name: each for name, each in content["datasets"].items() if name in used}
    return content | {"runs": {run: settings}, "datasets": datasets}


def mutations(content: dict[str, Any]) -> Iterator[Mutation]:
    """Every single wrong parameter, then the contradictions."""
    for place, value in _parameters(content):
        if not _is_named(place):
            yield _without("missing", content, place, None)
            yield _without("misspelt", content, place, f"{place[-1]}_")
        for wrong in _of_other_types(value):
            yield _with("ill-typed", content, place, wrong)
        for wrong in _out_of_range(value):
            yield _with("out of range", content, place, wrong)
    yield from _contradictions(content)


def _parameters(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if place:
        yield place, value
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _parameters(below, (*place, key))


def _is_named(place: Place) -> bool:
    of_hub = place[-2:-1] == ("splits",) and place[-1] not in ("validation", "test", "seed")
    return len(place) == 2 and place[0] in _NAMED or "source" in place[2:-1] or of_hub


def _of_other_types(value: Any) -> list[Any]:
    match value:
        case bool():
            return ["yes", 1]
        case int() | float():
            return ["text", [value], str(value)]
        case str():
            return [7, [value]]
        case None:
            return [{"unknown_": 1}]
        case _:
            return [3]


def _out_of_range(value: Any) -> list[Any]:
    return [-1, float("inf")] if type(value) in (int, float) else []


def _at(content: dict[str, Any], place: Place) -> dict[str, Any]:
    for key in place:
        content = content[key]
    return content


def _without(kind: str, content: dict[str, Any], place: Place, instead: str | None) -> Mutation:
    """Remove a parameter, or call it `instead`."""
    changed = copy.deepcopy(content)
    *above, key = place
    value = _at(changed, above).pop(key)
    if instead is not None:
        _at(changed, above)[instead] = value
    return Mutation(kind, ".".join([*above, instead or key]), changed)


def _with(kind: str, content: dict[str, Any], place: Place, value: Any) -> Mutation:
    changed = copy.deepcopy(content)
    *above, key = place
    _at(changed, above)[key] = value
    return Mutation(kind, ".".join(place), changed)


# Task of the run; what is set; what the refusal names. Each contradicts the rest of the run.
_CONTRADICTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("translation", {"model.num_heads": 7}, "num_heads = 7"),
    ("translation", {"model.positions": {"kind": "sinusoid_2d"}}, "positions.kind = sinusoid_2d"),
    ("translation", {"model.reduction": 2}, "reduction = 2"),
    ("translation", {"model.architecture": "decoder"}, "architecture = decoder"),
    ("translation", {"training.crop": 64}, "training.crop = 64"),
    ("translation", {"training.average_checkpoints": 10**6}, "average_checkpoints = 1000000"),
    ("translation", {"dataset": "nowhere"}, "runs.{run}.dataset = nowhere"),
    ("translation", {"task": "image"}, "runs.{run}"),
    (
        "translation",
        {"decoding.method": {"kind": "beam", "beam_size": 1, "length_penalty": 0.6, "n_best": 2}},
        "n_best = 2",
    ),
    ("image", {"training.crop": 8}, "training.crop = 8"),
    ("image", {"model.architecture": "encoder_decoder"}, "runs.{run}"),
    ("image", {"decoding.samples_per_class": None}, "runs.{run}"),
    ("music", {"model.architecture": "pixelcnn"}, "runs.{run}.model"),
    ("music", {"decoding.primer_tokens": 10**6}, "primer_tokens = 1000000"),
    ("music", {"evaluation.stride": 10**6}, "stride = 1000000"),
    ("music", {"model.reduction": 2}, "reduction = 2"),
]


def _contradictions(content: dict[str, Any]) -> Iterator[Mutation]:
    for run, settings in content["runs"].items():
        if settings["model"]["architecture"] not in ("encoder_decoder", "decoder"):
            continue
        for task, changes, told in _CONTRADICTIONS:
            contradicts = told != "runs.{run}" or settings["model"].get("reduction") is None
            if settings["task"] != task or not contradicts:
                continue
            changed = copy.deepcopy(content)
            for dotted, value in changes.items():
                *above, key = ("runs", run, *dotted.split("."))
                _at(changed, above)[key] = value
            yield Mutation("contradictory", told.format(run=run), changed)


def refusal(mutation: Mutation) -> str | None:
    """The line that refuses a wrong file; None if nothing does."""
    try:
        config.parse(mutation.content, config.PARAMS)
    except ConfigError as error:
        return str(error)
    return None


def is_clear(line: str | None, mutation: Mutation) -> bool:
    """Whether a refusal is one line that names the parameter."""
    return line is not None and "\n" not in line and mutation.where in line


def main() -> None:
    """Try all of them, print and record how many were refused."""
    tried, clear = Counter(), Counter()
    for file, content in [*((file, read(file)) for file in FILES), (LECTURE, demonstrations())]:
        for mutation in mutations(content):
            tried[mutation.kind] += 1
            line = refusal(mutation)
            clear[mutation.kind] += is_clear(line, mutation)
            if not is_clear(line, mutation):
                print(f"{file}: {mutation.kind} {mutation.where}: {line}")
    for kind in tried:
        print(f"{kind}: {clear[kind]} of {tried[kind]} refused in one line with the path")
    numbers = {"tried": dict(tried), "refused with the path": dict(clear)}
    record("parameters", "python -m faults.parameters", numbers)
    if accepted := (tried - clear).total():
        sys.exit(f"error: {accepted} wrong parameters were not refused in one line with the path")


if __name__ == "__main__":
    main()

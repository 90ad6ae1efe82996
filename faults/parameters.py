"""Wrong params.yaml files, derived from the right ones: python -m faults.parameters.

Each parameter of the scales is left out, misspelt, and given a value of the wrong type and numbers
out of range; contradictions are listed by hand. Each file has to be refused in one line with the
dotted path of the parameter.
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
FILES = ("params.yaml", "paper/params.yaml", "tests/smoke/params.yaml")
LECTURE = "lecture/params.yaml"  # its many runs would take an hour; its demonstrations are tried
# Sections whose keys are names that the user chooses: none is missing or misspelt there.
_NAMED = ("datasets", "runs", "demonstrations", "splits", "sha256")

Keys = tuple[str, ...]  # of a parameter, from the outermost section on


@dataclass(frozen=True)
class Mutation:
    """A wrong file, and the dotted path that the error has to name."""

    kind: str
    where: str
    content: dict[str, Any]


def read(file: str) -> dict[str, Any]:
    """A params.yaml of the repository as plain values, without anchors and merge keys."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load((ROOT / file).read_text())))


def demonstrations() -> dict[str, Any]:
    """The lecture's demonstrations and one of its runs, with their data sets."""
    content = read(LECTURE)
    run, settings = next(iter(content["runs"].items()))
    users = [settings, *content["demonstrations"].values()]
    used = {user["dataset"] for user in users}
    datasets = {name: content["datasets"][name] for name in content["datasets"] if name in used}
    return content | {"runs": {run: settings}, "datasets": datasets}


def mutations(content: dict[str, Any]) -> Iterator[Mutation]:
    """Each single wrong parameter, then the contradictions."""
    for keys, value in _parameters(content):
        if not _is_named(keys):
            yield _removed("missing", content, keys, None)
            yield _removed("misspelt", content, keys, f"{keys[-1]}_")
        for wrong in _of_other_types(value):
            yield _replaced("ill-typed", content, keys, wrong)
        for wrong in _out_of_range(value):
            yield _replaced("out of range", content, keys, wrong)
    yield from _contradictions(content)


def _parameters(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    if keys:
        yield keys, value
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _parameters(below, (*keys, key))


def _is_named(keys: Keys) -> bool:
    of_hub = keys[-2:-1] == ("splits",) and keys[-1] not in ("validation", "test", "seed")
    return len(keys) == 2 and keys[0] in _NAMED or "source" in keys[2:-1] or of_hub


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


def _section(content: dict[str, Any], keys: Keys) -> dict[str, Any]:
    for key in keys:
        content = content[key]
    return content


def _removed(kind: str, content: dict[str, Any], keys: Keys, renamed: str | None) -> Mutation:
    """Without a parameter, or with its key `renamed`."""
    changed = copy.deepcopy(content)
    *above, key = keys
    value = _section(changed, above).pop(key)
    if renamed is not None:
        _section(changed, above)[renamed] = value
    return Mutation(kind, ".".join([*above, renamed or key]), changed)


def _replaced(kind: str, content: dict[str, Any], keys: Keys, value: Any) -> Mutation:
    """With another value of a parameter."""
    changed = copy.deepcopy(content)
    *above, key = keys
    _section(changed, above)[key] = value
    return Mutation(kind, ".".join(keys), changed)


_LOCAL = {"kind": "local_1d", "query_block": 4, "memory_block": 4}
_MIXTURE = {"kind": "logistic_mixture", "mixtures": 2}
# Task of the run; what is set; what the error names. Each contradicts the rest of the run.
_CONTRADICTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("translation", {"model.num_heads": 7}, "num_heads = 7"),
    ("translation", {"model.positions": {"kind": "sinusoid_2d"}}, "positions.kind = sinusoid_2d"),
    ("translation", {"model.super_resolution": 2}, "embeddings = tied"),
    (
        "translation",
        {"model.super_resolution": 2, "model.embeddings": "separate"},
        "super_resolution = 2",
    ),
    ("translation", {"model.attention": _LOCAL}, "attention.kind = local_1d"),
    ("translation", {"model.output": _MIXTURE}, "output.kind = logistic_mixture"),
    ("translation", {"model.structure": "decoder"}, "structure = decoder"),
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
    ("image", {"model.structure": "encoder_decoder"}, "runs.{run}"),
    ("image", {"decoding.samples_per_class": None}, "runs.{run}"),
    ("music", {"model.architecture": "pixelcnn"}, "runs.{run}.model"),
    ("music", {"decoding.primer_tokens": 10**6}, "primer_tokens = 1000000"),
    ("music", {"evaluation.stride": 10**6}, "stride = 1000000"),
    ("music", {"model.super_resolution": 2}, "super_resolution = 2"),
    ("music", {"model.output": _MIXTURE}, "output.kind = logistic_mixture"),
]


def _contradictions(content: dict[str, Any]) -> Iterator[Mutation]:
    for run, settings in content["runs"].items():
        if settings["model"]["architecture"] != "transformer":
            continue
        for task, changes, named in _CONTRADICTIONS:
            contradicts = named != "runs.{run}" or settings["model"]["super_resolution"] is None
            if settings["task"] != task or not contradicts:
                continue
            changed = copy.deepcopy(content)
            for dotted, value in changes.items():
                *above, key = ("runs", run, *dotted.split("."))
                _section(changed, above)[key] = value
            yield Mutation("contradictory", named.format(run=run), changed)


def refusal(mutation: Mutation) -> str | None:
    """The error that refuses a wrong file; None if it is accepted."""
    try:
        config.parse(mutation.content, config.PARAMS)
    except ConfigError as error:
        return str(error)
    return None


def is_clear(line: str | None, mutation: Mutation) -> bool:
    """Whether an error is one line that names the parameter."""
    return line is not None and "\n" not in line and mutation.where in line


def main() -> None:
    """Try all of them; print and record how many were refused clearly."""
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

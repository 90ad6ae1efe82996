"""Read and validate params.yaml.

    python -m pipeline config paper/params.yaml     # checks it without running anything

No setting has a default: every value is in params.yaml, where DVC tracks it.
"""

import json
from collections.abc import Iterable
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt, ValidationError
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.error import MarkedYAMLError

from models.settings import Settings
from pipeline.errors import ConfigError
from pipeline.explain import explain, nearest
from pipeline.settings.base import Name
from pipeline.settings.run import SCRATCH
from pipeline.tasks import specs

PARAMS = Path("params.yaml")


def _one_of(discriminator: str, types: Iterable[type[Settings]]) -> Any:
    """Return the union of `types`, discriminated by the field `discriminator`."""
    return Annotated[reduce(or_, types), Field(discriminator=discriminator)]


Dataset = _one_of("task", [spec.dataset for spec in specs().values()])
AnyRun = _one_of("task", [spec.run for spec in specs().values()])
AnyDemonstration = _one_of(
    "kind", [kind for spec in specs().values() for kind in spec.demonstrations]
)


class Report(Settings):
    """Settings of the report."""

    title: str
    table_rows: PositiveInt  # of a table of samples


class Params(Settings):
    """Content of params.yaml."""

    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    runs: Annotated[dict[Name, AnyRun], Field(min_length=1)]
    demonstrations: dict[Name, AnyDemonstration]
    report: Report


def load(path: Path = PARAMS) -> Params:
    """Read and validate `path`; ConfigError has the dotted path of the first problem."""
    return parse(_read_yaml(path), path)


def parse(raw: Any, path: Path) -> Params:
    """Validate `raw`, the parsed YAML of `path`."""
    try:
        # JSON mode accepts strings for enum members, but not "3" for a number.
        text = json.dumps(raw, default=str)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not only keys, values and lists: {error}") from None
    try:
        params = Params.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, json.loads(text))}") from None
    try:
        _check(params)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    return params


def _check(params: Params) -> None:
    """Check runs and demonstrations against their data sets; ValueError if they do not fit."""
    if SCRATCH in params.runs:
        raise ValueError(f"runs.{SCRATCH} has the name of what starts from no run; give it another")
    for name, run in params.runs.items():
        dataset = _dataset_in(params, f"runs.{name}", run)
        try:
            run.model.check_data(dataset.layout)
        except ValueError as error:
            raise ValueError(f"runs.{name}.model.{error} (for datasets.{run.dataset})") from None
        specs()[run.task].check_run(name, run, dataset)
        _check_start(params, name, run)
    for task, spec in specs().items():
        spec.check_runs({name: run for name, run in params.runs.items() if run.task == task})
    for name, demonstration in params.demonstrations.items():
        if name in params.runs:
            raise ValueError(f"demonstrations.{name} has the name of a run; give it another")
        dataset = _dataset_in(params, f"demonstrations.{name}", demonstration)
        specs()[demonstration.task].check_demonstration(name, demonstration, dataset)


def _check_start(params: Params, name: str, run: AnyRun) -> None:
    """Check that a run starts from a run with such layers; ValueError if not."""
    for start in starts_of(params, name):
        other = params.runs[start]
        for path, own, its in (
            ("task", run.task, other.task),
            ("model.architecture", run.model.architecture, other.model.architecture),
        ):
            if own != its:
                raise ValueError(
                    f"runs.{name}.start_from.run = {start}, but runs.{start}.{path} is of another "
                    f"kind than runs.{name}.{path}; start from a run that is like this one"
                )


def starts_of(params: Params, name: str) -> list[str]:
    """Return the runs that the run `name` starts from: the nearest, the one before it, and so on.

    Raises ValueError if one does not exist, or if they form a cycle.
    """
    starts = []
    while (start := params.runs[starts[-1] if starts else name].start_from.run) != SCRATCH:
        where = f"runs.{starts[-1] if starts else name}.start_from.run = {start}"
        if start not in params.runs:
            known = nearest(start, [*params.runs, SCRATCH])
            raise ValueError(f"{where} is not among runs, nor {SCRATCH}{known}")
        if start == name or start in starts:
            raise ValueError(f"{where} makes a cycle; let one of them start from {SCRATCH}")
        starts.append(start)
    return starts


def _dataset_in(params: Params, where: str, user: AnyRun | AnyDemonstration) -> Dataset:
    """Return the data set of a run or a demonstration; ValueError if its task differs."""
    name = user.dataset
    if name not in params.datasets:
        raise ValueError(
            f"{where}.dataset = {name} is not among datasets "
            f"({', '.join(params.datasets)}){nearest(name, params.datasets)}"
        )
    dataset = params.datasets[name]
    if dataset.task != user.task:
        raise ValueError(
            f"{where}.task = {user.task} but datasets.{name}.task = {dataset.task}; make them equal"
        )
    return dataset


def dataset_of(params: Params, name: str) -> Dataset:
    """Return the data set `name`; ConfigError suggests the nearest existing name."""
    return entry_of(params, "datasets", name)


def run_of(params: Params, name: str) -> AnyRun:
    """Return the run `name`; ConfigError suggests the nearest existing name."""
    return entry_of(params, "runs", name)


def demonstration_of(params: Params, name: str) -> AnyDemonstration:
    """Return the demonstration `name`; ConfigError suggests the nearest existing name."""
    return entry_of(params, "demonstrations", name)


def entry_of(params: Params, section: str, name: str) -> Any:
    """Return the entry `name` of `section`; ConfigError suggests the nearest existing name."""
    table = getattr(params, section)
    if name not in table:
        raise ConfigError(
            f"{PARAMS}: {section}.{name} does not exist{nearest(name, table)}; "
            f"{section} has {', '.join(table) or 'none'}"
        )
    return table[name]


def _read_yaml(path: Path) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; run in the folder of a scale") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        raise ConfigError(f"{path}: not valid YAML: line {line}: {error.problem}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def main(path: Path) -> None:
    """Validate `path` and print how many data sets and runs it has."""
    params = load(path)
    print(f"{path}: nothing wrong; {len(params.datasets)} data sets, {len(params.runs)} runs")

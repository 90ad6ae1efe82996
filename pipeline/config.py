"""params.yaml as frozen, validated models: the only reader of it.

    python -m pipeline config paper/params.yaml     # checks it and runs nothing

No setting has a default: every value stands, commented, in params.yaml, where DVC tracks it.
"""

import argparse
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
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.explain import explain, nearest
from pipeline.settings.base import Name
from pipeline.tasks import specs

PARAMS = Path("params.yaml")


def _one_of(discriminator: str, types: Iterable[type[Settings]]) -> Any:
    """The union of `types`, told apart by their field `discriminator`."""
    return Annotated[reduce(or_, types), Field(discriminator=discriminator)]


Dataset = _one_of("task", [spec.dataset for spec in specs().values()])
AnyRun = _one_of("task", [spec.run for spec in specs().values()])
AnyDemonstration = _one_of(
    "kind", [each for spec in specs().values() for each in spec.demonstrations]
)


class Report(Settings):
    """What the page shows beside the numbers."""

    title: str
    table_rows: PositiveInt  # of a table of what a run generated


class Params(Settings):
    """A whole params.yaml."""

    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    runs: Annotated[dict[Name, AnyRun], Field(min_length=1)]
    demonstrations: dict[Name, AnyDemonstration]
    report: Report


def load(path: Path = PARAMS) -> Params:
    """Read and validate `path`; ConfigError names the first wrong parameter by its dotted path."""
    return parse(_read_yaml(path), path)


def parse(raw: Any, path: Path) -> Params:
    """Validate the parsed YAML `raw` that was read from `path`."""
    try:
        # In JSON mode a string may name an enum's member while "3" is still no number.
        text = json.dumps(raw, default=str)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not only names, values and lists: {error}") from None
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
    """Raise ValueError where runs, demonstrations and their data sets do not fit together."""
    for name, run in params.runs.items():
        dataset = _dataset_in(params, f"runs.{name}", run)
        try:
            run.model.check_data(dataset.layout)
        except ValueError as error:
            raise ValueError(f"runs.{name}.model.{error}") from None
        specs()[run.task].check_run(name, run, dataset)
    for task, spec in specs().items():
        spec.check_runs({name: run for name, run in params.runs.items() if run.task == task})
    for name, demonstration in params.demonstrations.items():
        if name in params.runs:
            raise ValueError(f"demonstrations.{name} has the name of a run; give it another")
        dataset = _dataset_in(params, f"demonstrations.{name}", demonstration)
        specs()[demonstration.task].check_demonstration(name, demonstration, dataset)


def _dataset_in(params: Params, where: str, user: AnyRun | AnyDemonstration) -> Dataset:
    """The data set of a run or a demonstration, which has the same task."""
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
    """Return the data set `name`; ConfigError suggests the nearest right name."""
    return _lookup(params.datasets, name, "datasets")


def run_of(params: Params, name: str) -> AnyRun:
    """Return the run `name`; ConfigError suggests the nearest right name."""
    return _lookup(params.runs, name, "runs")


def demonstration_of(params: Params, name: str) -> AnyDemonstration:
    """Return the demonstration `name`; ConfigError suggests the nearest right name."""
    return _lookup(params.demonstrations, name, "demonstrations")


def _lookup(table: dict[str, Any], name: str, section: str) -> Any:
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
    """Say what `path` has, if nothing in it is wrong."""
    params = load(path)
    print(f"{path}: nothing wrong; {len(params.datasets)} data sets, {len(params.runs)} runs")


def command() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="Check a params.yaml without running anything.")
    parser.add_argument("path", type=Path, nargs="?", default=PARAMS)
    arguments = parser.parse_args()
    exit_on_error(lambda: main(arguments.path))

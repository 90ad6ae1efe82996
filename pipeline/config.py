"""params.yaml as frozen, validated models: the only reader of it.

    python -m pipeline config paper/params.yaml     # checks it and runs nothing

No setting has a default: every value stands, commented, in params.yaml, where DVC tracks it.
"""

import argparse
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt, ValidationError
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.error import MarkedYAMLError

from models.settings import Settings
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.explain import explain, nearest
from pipeline.settings import fit
from pipeline.settings.base import Name
from pipeline.settings.demonstrations import AnyDemonstration
from pipeline.tasks.image.settings import ImageDataset, ImageRun, PhotographsEncoding
from pipeline.tasks.music.settings import MusicDataset, MusicRun
from pipeline.tasks.translation.settings import TranslationDataset, TranslationRun

PARAMS = Path("params.yaml")

Dataset = Annotated[TranslationDataset | ImageDataset | MusicDataset, Field(discriminator="task")]
AnyRun = Annotated[TranslationRun | ImageRun | MusicRun, Field(discriminator="task")]


class Report(Settings):
    """What the page shows beside the numbers."""

    title: str
    translations: PositiveInt  # rows in the table of translations of a run


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
    for name, run in params.runs.items():
        _check_dataset(params, name, run, path)
    _check_conventions(params, path)
    for name, demonstration in params.demonstrations.items():
        _check_demonstration(params, name, demonstration, path)
    return params


def _check_dataset(params: Params, name: str, run: AnyRun, path: Path) -> None:
    dataset = _dataset_in(params, f"runs.{name}.dataset", run.dataset, path)
    if dataset.task != run.task:
        raise ConfigError(
            f"{path}: runs.{name}.task = {run.task} but datasets.{run.dataset}.task = "
            f"{dataset.task}; make them equal"
        )
    try:
        match run:
            case MusicRun():
                fit.check_music(name, run, dataset)
            case ImageRun():
                fit.check_image(name, run, dataset)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _check_conventions(params: Params, path: Path) -> None:
    """Refuse two conventions of BLEU on one data set: the report would have them in one column."""
    first: dict[str, tuple[str, TranslationRun]] = {}
    for name, run in params.runs.items():
        if not isinstance(run, TranslationRun):
            continue
        other, its = first.setdefault(run.dataset, (name, run))
        if run.evaluation.tokenised_bleu is not its.evaluation.tokenised_bleu:
            raise ConfigError(
                f"{path}: runs.{name}.evaluation.tokenised_bleu = {run.evaluation.tokenised_bleu} "
                f"but runs.{other}.evaluation.tokenised_bleu = {its.evaluation.tokenised_bleu} on "
                "the same data set, where their scores share a column; make them equal"
            )


def _check_demonstration(
    params: Params, name: str, demonstration: AnyDemonstration, path: Path
) -> None:
    where = f"demonstrations.{name}"
    if name in params.runs:
        raise ConfigError(f"{path}: {where} has the name of a run; give it another")
    dataset = _dataset_in(params, f"{where}.dataset", demonstration.dataset, path)
    if not isinstance(dataset.encoding, PhotographsEncoding):
        raise ConfigError(
            f"{path}: {where}.dataset = {demonstration.dataset}, but datasets."
            f"{demonstration.dataset}.encoding.reader = {dataset.encoding.reader}; "
            "it has to be skimage_photographs"
        )


def _dataset_in(params: Params, where: str, name: str, path: Path) -> Dataset:
    if name not in params.datasets:
        raise ConfigError(
            f"{path}: {where} = {name} is not among datasets "
            f"({', '.join(params.datasets)}){nearest(name, params.datasets)}"
        )
    return params.datasets[name]


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

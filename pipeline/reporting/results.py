"""Read and check the results of each run."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.config import AnyRun, Dataset, Params
from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.judging.replicates import replicates
from pipeline.tasks import specs

PAGE = Path("reports/index.html")
MEASUREMENTS = Path("reports/measurements")
CURVES = Path("reports/curves")
DATA = Path("reports/data")
RUNS = Path("runs")
_COLUMNS = ("step", "learning_rate", "train_loss", "validation_loss", "padding")


@dataclass(frozen=True)
class Result:
    """Results of a run, with its settings and data set."""

    name: str
    run: AnyRun
    dataset: Dataset
    metrics: dict[str, Any]  # {"test": {...}, "baseline": {...}}, and the same by further test set
    parameters: int | None  # number of weights; None if not recorded
    archived: str | None = None  # the commit that measured it, if no network of today did
    split: str = "test"  # the test set of `metrics`

    @property
    def metrics_path(self) -> Path:
        """Path of the metrics, for error messages."""
        return MEASUREMENTS / f"{self.name}.json"

    @property
    def samples(self) -> Path:
        """Folder of the samples of the run."""
        return RUNS / self.name / "samples"

    @property
    def records(self) -> Path:
        """Folder of the scores of each record."""
        return RUNS / self.name / "records"

    @property
    def is_here(self) -> bool:
        """Whether samples or records are available; git only has the metrics."""
        return self.samples.exists() or self.records.exists()

    @property
    def has_curve(self) -> bool:
        """Whether its loss curve is available."""
        return _curve_path(self.name).exists()

    @property
    def section(self) -> str:
        """Dotted path of `metrics` in that file, for error messages."""
        task = self.run.task
        return task if self.split == "test" else f"{task}.{self.split}"

    @property
    def tests(self) -> list["Result"]:
        """The run on each of its test sets, "test" first."""
        further = sorted(filter(_is_further_test, self.metrics))
        return [self, *(replace(self, metrics=self.metrics[name], split=name) for name in further)]


@dataclass(frozen=True)
class Curve:
    """Loss curves: points (step, nats per target), ordered by step."""

    train: list[tuple[int, float]]
    validation: list[tuple[int, float]]

    def scaled(self, factor: float) -> "Curve":
        """Return the curves in another unit: nats times `factor`."""
        both = (self.train, self.validation)
        return Curve(*([(step, loss * factor) for step, loss in points] for points in both))


def finished(params: Params) -> tuple[Params, list[str]]:
    """Split `params` into its evaluated part and the names of unfinished runs and demonstrations.

    The page of a large scale does not need its last run. Raises DataError if no run was evaluated.
    """
    waiting = [
        name
        for name in (*params.runs, *params.demonstrations)
        if not (MEASUREMENTS / f"{name}.json").exists()
    ]
    runs, demonstrations = (
        {name: each for name, each in table.items() if name not in waiting}
        for table in (params.runs, params.demonstrations)
    )
    if not runs:
        first = next(iter(params.runs))
        raise DataError(f"{MEASUREMENTS}: no run was evaluated; run `dvc repro evaluate@{first}`")
    return params.model_copy(update={"runs": runs, "demonstrations": demonstrations}), waiting


def read_results(params: Params) -> list[Result]:
    """Read the results of all runs of `params`, in order; DataError names a missing file."""
    return [_read_result(params, name, run) for name, run in params.runs.items()]


def _read_result(params: Params, name: str, run: AnyRun) -> Result:
    path = MEASUREMENTS / f"{name}.json"
    metrics = read_json(path)
    try:
        of_task, model = metrics[run.task], metrics.get("model", {})
        for measured in (of_task, *(of_task[key] for key in filter(_is_further_test, of_task))):
            measured["test"], measured["baseline"]
    except (KeyError, TypeError):
        raise DataError(
            f"{path}: {run.task}.test and {run.task}.baseline are not both there; "
            f"run `dvc repro evaluate@{name}`"
        ) from None
    return Result(
        name,
        run,
        params.datasets[run.dataset],
        of_task,
        model.get("parameters"),
        metrics.get("archived", {}).get("commit"),
    )


def _is_further_test(key: str) -> bool:
    return key.startswith("test_")


def read_curve(name: str) -> Curve:
    """Read the loss curves of a run; DataError names the file and the invalid line."""
    path = _curve_path(name)
    remedy = f"run `dvc repro train@{name}`"
    curve = Curve([], [])
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != _COLUMNS:
                raise DataError(
                    f"{path}: columns are {rows.fieldnames}, not {list(_COLUMNS)}; {remedy}"
                )
            for row in rows:
                step = round(float(row["step"]))
                for column, points in (
                    ("train_loss", curve.train),
                    ("validation_loss", curve.validation),
                ):
                    if row[column] is None:
                        raise ValueError(f"{column} is missing")
                    if row[column]:
                        points.append((step, _finite(row[column])))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {remedy}") from None
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: line {rows.line_num}: {error}; {remedy}") from None
    if not curve.train:
        raise DataError(f"{path}: no step is recorded; {remedy}")
    return curve


def _curve_path(name: str) -> Path:
    return CURVES / f"{name}.csv"


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"loss {text!r} is not finite")
    return value


def read_data_facts(dataset: str) -> dict[str, Any]:
    """Read the facts of a data set that the encode stage wrote."""
    path = DATA / f"{dataset}.json"
    facts = read_json(path)
    if not isinstance(facts, dict) or not isinstance(facts.get("splits"), dict):
        raise DataError(f"{path}: splits are not there; run `dvc repro encode@{dataset}`")
    return facts


def by_task(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Group results by task; tasks in the order of the lecture, runs in the order of params."""
    results = list(results)
    groups = {task: [result for result in results if result.run.task == task] for task in specs()}
    return {task: group for task, group in groups.items() if group}


def by_dataset(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Group results by data set, in the order of the runs."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.run.dataset, []).append(result)
    return groups


def by_replicates(results: Iterable[Result]) -> list[list[Result]]:
    """Group results of runs that differ only in their seed, in the order of their seeds."""
    by_name = {result.name: result for result in results}
    runs = {name: result.run.model_dump(mode="json") for name, result in by_name.items()}
    groups = dict.fromkeys(map(tuple, replicates(runs).values()))
    return [[by_name[name] for name in group] for group in groups]


def first_seeds(results: Iterable[Result]) -> list[Result]:
    """Return of runs that differ only in their seed the one with the first."""
    return [group[0] for group in by_replicates(results)]


def by_test(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Group results on one data set by test set, "test" first."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        for on in result.tests:
            groups.setdefault(on.split, []).append(on)
    return groups

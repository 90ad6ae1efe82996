"""The interface of a task to the rest of the pipeline."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from models.settings import Settings
from pipeline.settings.run import Run

RunT = TypeVar("RunT", bound=Run)
DatasetT = TypeVar("DatasetT", bound=Settings)


def _accept(*_: Any) -> None:
    """The default check: accept everything."""


@dataclass(frozen=True)
class OwnData:
    """A data set of a user's own files."""

    what: str  # the files are, as in "12 MIDI files"
    ids: int  # size of the vocabulary, for an estimate of the cost
    encoding: dict[str, Any]  # settings of the data set


def splits_of_few(splits: Mapping[str, Any], groups: int) -> dict[str, Any]:
    """Return settings of splits in which validation and test each have one of `groups` or more.

    A group is what stays in one split: a piece, a block of lines, a picture of its class.
    """
    least = math.ceil(1000 / max(groups, 3)) / 1000  # of fewer than three, none is left to train
    return {**splits, **{name: max(splits[name], least) for name in ("validation", "test")}}


@dataclass(frozen=True)
class TaskSpec(Generic[DatasetT, RunT]):
    """A task, as `pipeline/tasks/<name>/spec.py` declares it.

    The checks raise ValueError with the dotted path of the wrong parameter, its value and a remedy.
    A spec imports no torch, so that reading params.yaml stays fast; `pipeline.tasks.part` loads the
    other parts.
    """

    name: str  # of the folder; the value of `task` in params.yaml
    order: int  # of the task's section in the report
    title: str  # of that section
    noun: str  # for one sample, as in "a bad translation"
    dataset: type[DatasetT]  # settings of a data set, with task: Literal[name]
    run: type[RunT]  # settings of a run, with task: Literal[name]
    check_run: Callable[[str, RunT, DatasetT], None] = _accept  # (run's name, run, its data set)
    check_runs: Callable[[Mapping[str, RunT]], None] = _accept  # all runs of the task, by name
    demonstrations: tuple[type[Settings], ...] = ()  # settings by kind
    check_demonstration: Callable[[str, Any, DatasetT], None] = _accept  # (name, it, its data set)

"""The typed face of a task: what everything outside its folder knows of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from models.settings import Settings
from pipeline.settings.run import Run

RunT = TypeVar("RunT", bound=Run)
DatasetT = TypeVar("DatasetT", bound=Settings)


def _accept(*_: Any) -> None:
    """A check for tasks that have nothing to check."""


@dataclass(frozen=True)
class TaskSpec(Generic[DatasetT, RunT]):
    """A task as `pipeline/tasks/<name>/spec.py` declares it.

    Its checks raise ValueError with the dotted path of the wrong parameter, its value and the
    remedy. It imports no torch, so that reading params.yaml stays fast; the parts that compute are
    imported by `pipeline.tasks.part` when a stage needs them.
    """

    name: str  # its folder, and `task` in params.yaml
    order: int  # of its section in the report: that of the lecture
    title: str  # of that section
    noun: str  # one of the things that it generates
    dataset: type[DatasetT]  # a data set in params.yaml; its `task` is Literal[name]
    run: type[RunT]  # a run, the same
    check_run: Callable[[str, RunT, DatasetT], None] = _accept  # its name, the run, its data
    check_runs: Callable[[Mapping[str, RunT]], None] = _accept  # all runs of the task, by name
    demonstrations: tuple[type[Settings], ...] = ()  # that train nothing, by their `kind`
    check_demonstration: Callable[[str, Any, DatasetT], None] = _accept  # as check_run

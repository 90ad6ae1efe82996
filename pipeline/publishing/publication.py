"""The interface between the published folder and a task: what a task provides for its runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import Dataset
from pipeline.reporting.results import Result
from pipeline.tasks import part

Rows = list[dict[str, Any]]  # of a table, by column


def no_languages(dataset: Dataset) -> None:
    """The default: the data are no text."""


def no_tables(results: Sequence[Result]) -> dict[str, Rows]:
    """The default: no tables beside those that all tasks have."""
    return {}


@dataclass(frozen=True)
class Publication:
    """How the runs of a task are published; DataError names a file that is missing or damaged."""

    write_samples: Callable[[Result, Path], None]  # into a folder, in formats of other programs
    command: Callable[[Result], str]  # a shell command that uses the run, for the model card
    languages: Callable[[Dataset], list[str] | None] = no_languages  # for the model card
    tables: Callable[[Sequence[Result]], dict[str, Rows]] = no_tables  # by name, of all its runs


def publication_of(task: str) -> Publication:
    """How the runs of `task` are published."""
    return part(task, "publishing").PUBLICATION

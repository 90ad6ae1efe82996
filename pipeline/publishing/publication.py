"""What a task's folder gives for the published folder, beside what all runs have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import Dataset
from pipeline.reporting.results import Result
from pipeline.tasks import part

Rows = list[dict[str, Any]]  # of a table, by column


def no_languages(dataset: Dataset) -> None:
    """The languages of data that are no text."""


def no_tables(results: Sequence[Result]) -> dict[str, Rows]:
    """The tables of a task that needs none of its own."""
    return {}


@dataclass(frozen=True)
class Publication:
    """How the runs of a task are published; DataError names a file that is missing or damaged."""

    write_samples: Callable[[Result, Path], None]  # as files that other programs open
    command: Callable[[Result], str]  # that uses the run, for its card
    languages: Callable[[Dataset], list[str] | None] = no_languages  # for its card
    tables: Callable[[Sequence[Result]], dict[str, Rows]] = no_tables  # of the task's runs, by name


def publication_of(task: str) -> Publication:
    """What `task` publishes of its runs."""
    return part(task, "publishing").PUBLICATION

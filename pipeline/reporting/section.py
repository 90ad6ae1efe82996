"""A task's part of the page: what its folder has to give, and what it may give beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import AnyDemonstration, Report
from pipeline.reporting.demonstrations import Demonstration
from pipeline.reporting.figures import Chart
from pipeline.reporting.results import Result
from pipeline.tasks import part


@dataclass(frozen=True)
class FamilyFigures:
    """What a task draws of a family of runs beside their losses."""

    charts: Sequence[tuple[str, Chart]] = ()  # with their titles
    note: str = ""  # a sentence about the charts
    title: str = ""  # what `template` draws, for the heading
    template: str = ""  # drawn below the charts, with `content`; none: nothing
    content: Any = None


def no_figures(results: Sequence[Result]) -> FamilyFigures:
    """The figures of a task that draws nothing but losses."""
    return FamilyFigures()


@dataclass(frozen=True)
class TaskPage:
    """How a task fills its section of the page, and those of its demonstrations.

    `templates` holds `intro.html`, which begins the section, `section.html`, which ends it and has
    what `show` returned as `shown`, `demonstrations.html` if the task has any, and those that they
    include, named with the task in front (`music/section.html`). Each `*.js` beside them becomes
    part of the page's script.
    """

    templates: Path
    show: Callable[[Sequence[Result], Report], Any]  # of the runs of the task
    figures: Callable[[Sequence[Result]], FamilyFigures] = no_figures
    read_demonstration: (
        Callable[[str, AnyDemonstration, Sequence[Result]], Demonstration] | None
    ) = None


def page_of(task: str) -> TaskPage:
    """The part of the page that `task` fills."""
    return part(task, "reporting.page").PAGE


def read_demonstration(
    name: str, settings: AnyDemonstration, results: Sequence[Result]
) -> Demonstration:
    """Read what a demonstration wrote; DataError names the file that is missing or damaged."""
    return page_of(settings.task).read_demonstration(name, settings, results)

"""The interface between the page and a task: what a task's folder provides for its section."""

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
    """What a task adds to the learning curves of a family of runs."""

    charts: Sequence[tuple[str, Chart]] = ()  # (title, chart), beside the losses
    note: str = ""  # a sentence that explains these charts
    template: str = ""  # rendered below the charts with `content`; "": nothing
    content: Any = None
    title: str = ""  # of what the template shows, for the heading


def no_figures(results: Sequence[Result]) -> FamilyFigures:
    """The default: nothing beside the losses."""
    return FamilyFigures()


@dataclass(frozen=True)
class TaskPage:
    """How a task fills its section of the page.

    The folder `templates` holds `intro.html`, the begin of the section, and `section.html`, its
    end, which gets the value of `show` as `shown`; `demonstrations.html`, if the task has any; and
    scripts (`*.js`). Templates include each other by a path that begins with the task's name.
    """

    templates: Path
    show: Callable[[Sequence[Result], Report], Any]  # called with all runs of the task
    figures: Callable[[Sequence[Result]], FamilyFigures] = no_figures  # with those of a family
    read_demonstration: (
        Callable[[str, AnyDemonstration, Sequence[Result]], Demonstration] | None
    ) = None


def page_of(task: str) -> TaskPage:
    """How `task` fills its section."""
    return part(task, "reporting.page").PAGE


def read_demonstration(
    name: str, settings: AnyDemonstration, results: Sequence[Result]
) -> Demonstration:
    """Read what a demonstration wrote; DataError names the file that is missing or damaged."""
    return page_of(settings.task).read_demonstration(name, settings, results)

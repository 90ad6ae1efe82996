"""Interface between the page and a task."""

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
    """Figures that a task adds to the learning curves of a family of runs."""

    charts: Sequence[tuple[str, Chart]] = ()  # (title, chart)
    note: str = ""  # explanation of the charts
    template: str = ""  # rendered below the charts with `content`; "": nothing
    content: Any = None
    title: str = ""  # of the template's content, for the heading


def no_figures(results: Sequence[Result]) -> FamilyFigures:
    """Return no additional figures (the default)."""
    return FamilyFigures()


@dataclass(frozen=True)
class TaskPage:
    """Section of a task on the page.

    The folder `templates` has `intro.html`, the start of the section; `section.html`, its end, with
    the value of `show` as `shown`; `demonstrations.html`, if the task has any; and scripts
    (`*.js`). Templates include each other as `<task>/<name>`.
    """

    templates: Path
    show: Callable[[Sequence[Result], Report], Any]  # of all runs of the task
    figures: Callable[[Sequence[Result]], FamilyFigures] = no_figures  # of a family
    read_demonstration: (
        Callable[[str, AnyDemonstration, Sequence[Result]], Demonstration] | None
    ) = None


def page_of(task: str) -> TaskPage:
    """Import the section of `task`."""
    return part(task, "reporting.page").PAGE


def read_demonstration(
    name: str, settings: AnyDemonstration, results: Sequence[Result]
) -> Demonstration:
    """Read the results of a demonstration; DataError names a missing or damaged file."""
    return page_of(settings.task).read_demonstration(name, settings, results)

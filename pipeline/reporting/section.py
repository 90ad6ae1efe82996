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

# The story's order: the section of a task stands at the order of its spec (1, 2, ...), and these
# chapters before, between and after them.
ATTENTION, RECURRENCE, WORD_ORDER, SELF_SIMILARITY, RELATIVE, EQUIVARIANCE, BLOCKS = (
    -3, -2, -1, 1.5, 3.5, 4.5, 4.75,
)  # fmt: skip


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page; the template gets `content` as `shown`."""

    order: float  # in the story
    anchor: str  # HTML id
    title: str
    template: str  # `<task>/<name>`, or of the page
    content: Any = None
    short: str = ""  # title in the contents; "": the title


@dataclass(frozen=True)
class Loss:
    """Unit of the learning curves, that of the task's scores."""

    label: str = "nats per token"
    factor: float = 1.0  # this unit / nats per target
    meaning: str = ""  # a sentence, where the unit does not say it


@dataclass(frozen=True)
class FamilyFigures:
    """Charts that a task adds to the learning curves of a family of runs."""

    charts: Sequence[tuple[str, Chart]] = ()  # (title, chart)
    note: str = ""  # explanation of the charts


def no_figures(results: Sequence[Result]) -> FamilyFigures:
    """Return no additional figures (the default)."""
    return FamilyFigures()


def no_highlight(shown: Any) -> None:
    """Return no highlight (the default)."""


def no_chapters(shown: Any) -> list[Chapter]:
    """Return no further chapters (the default)."""
    return []


@dataclass(frozen=True)
class TaskPage:
    """Section of a task on the page.

    The folder `templates` has `intro.html`, the start of the section; `section.html`, what the
    networks generate, with the value of `show` as `shown`; `highlight.html` and
    `demonstrations.html`, if the task has them; and scripts (`*.js`). Templates include each other
    as `<task>/<name>`.
    """

    templates: Path
    show: Callable[[Sequence[Result], Report], Any]  # of all runs of the task
    loss: Loss = Loss()
    figures: Callable[[Sequence[Result]], FamilyFigures] = no_figures  # of a family
    highlight: Callable[[Any], Any] = no_highlight  # of `shown`, for the first screen; None: none
    chapters: Callable[[Any], list[Chapter]] = no_chapters  # of `shown`, beside the section
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

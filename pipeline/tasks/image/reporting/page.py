"""The image section of the page: what a query sees, and the grids of each run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result, first_seeds
from pipeline.reporting.section import Loss, TaskPage
from pipeline.tasks.image.reporting.completed import Completed, read_completed
from pipeline.tasks.image.reporting.demonstrations import read_demonstration
from pipeline.tasks.image.reporting.grids import Grid, read_grid
from pipeline.tasks.image.reporting.neighbourhoods import Neighbourhood, read_neighbourhoods
from pipeline.tasks.image.reporting.passes import Passes, read_passes


@dataclass(frozen=True)
class Generated:
    """What a run generated."""

    result: Result
    grids: dict[str, Grid]  # by kind
    passes: Passes | None  # of one image; None if each pass of the network added one intensity


@dataclass(frozen=True)
class Section:
    """Content of `section.html`."""

    neighbourhoods: list[Neighbourhood]
    generated: list[Generated]  # of the runs whose samples are here, one of replicates


def show(results: Sequence[Result], report: Report) -> Section:
    """Draw neighbourhoods, and read the images of the runs."""
    here = [result for result in first_seeds(results) if result.is_here]
    return Section(
        read_neighbourhoods(results),
        [Generated(result, _grids(result), read_passes(result)) for result in here],
    )


def highlight(shown: Section) -> Completed | None:
    """Return what the best run on the first data set completes, None without such a run."""
    runs = [
        each.result
        for each in shown.generated
        if not getattr(each.result.run.model, "super_resolution", None)
    ]
    first = [result for result in runs if result.run.dataset == runs[0].run.dataset]
    best = min(first, key=lambda result: result.metrics["test"]["bits_per_dimension"], default=None)
    return None if best is None else read_completed(best)


def _grids(result: Result) -> dict[str, Grid]:
    is_conditional = result.run.decoding.samples_per_class is not None
    kinds = ("conditional", "completions") if is_conditional else ("completions",)
    return {kind: read_grid(result.samples, kind) for kind in kinds}


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"),
    show=show,
    loss=Loss("bits per dimension", 1 / math.log(2)),
    highlight=highlight,
    read_demonstration=read_demonstration,
)

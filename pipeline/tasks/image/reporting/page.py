"""The image section of the page: the grids of each run."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result
from pipeline.reporting.section import TaskPage
from pipeline.tasks.image.reporting.demonstrations import read_demonstration
from pipeline.tasks.image.reporting.grids import Grid, read_grid


def show(results: Sequence[Result], report: Report) -> list[tuple[Result, dict[str, Grid]]]:
    """Read the grids, by kind, of the runs whose samples are in this folder."""
    return [(result, _grids(result)) for result in results if result.is_here]


def _grids(result: Result) -> dict[str, Grid]:
    is_conditional = result.run.decoding.samples_per_class is not None
    kinds = ("conditional", "completions") if is_conditional else ("completions",)
    return {kind: read_grid(result.samples, kind) for kind in kinds}


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"),
    show=show,
    read_demonstration=read_demonstration,
)

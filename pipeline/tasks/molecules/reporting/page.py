"""The section of molecules on the page: what heads attend to, and the errors of all runs."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result, first_seeds
from pipeline.reporting.section import Loss, TaskPage
from pipeline.tasks.molecules.reporting.molecules import Shown, read_molecules


def show(results: Sequence[Result], report: Report) -> list[Shown]:
    """Read the molecules of runs with attention whose records are here, of replicates the first."""
    here = [result for result in first_seeds(results) if result.is_here]
    return [shown for result in here if (shown := read_molecules(result)).best is not None]


PAGE = TaskPage(
    templates=Path(__file__).with_name("templates"),
    show=show,
    loss=Loss(
        "nats per molecule",
        meaning="Of a Laplace distribution: the absolute error of what the elements leave of an "
        "energy, in standard deviations of that, plus ln 2.",
    ),
)

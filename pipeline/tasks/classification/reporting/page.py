"""The section of classification on the page: accuracy against labels, and what heads look at."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.config import Report
from pipeline.reporting.results import Result
from pipeline.reporting.section import TaskPage


def show(results: Sequence[Result], report: Report) -> None:
    """Show nothing but the tables of all tasks."""


PAGE = TaskPage(templates=Path(__file__).with_name("templates"), show=show)

"""The report stage: one self-contained page of everything that was measured and generated."""

from pipeline import config
from pipeline.files import write_atomically
from pipeline.reporting.page import render
from pipeline.reporting.results import PAGE


def main() -> None:
    """Write reports/index.html from the metrics, curves, data facts and samples of all runs."""
    write_atomically(PAGE, render(config.load()).encode())

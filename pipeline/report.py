"""The report stage: one self-contained page of everything that was measured and generated."""

import argparse

from pipeline import config
from pipeline.console import exit_on_error
from pipeline.files import write_atomically
from pipeline.reporting.page import render
from pipeline.reporting.results import PAGE


def main() -> None:
    """Write reports/index.html from the metrics, curves, data facts and samples of all runs."""
    write_atomically(PAGE, render(config.load()).encode())


def command() -> None:
    """Run the command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    exit_on_error(main)

"""Publishes the estimates of runs."""

import shutil
from pathlib import Path

from pipeline.publishing.publication import Publication
from pipeline.reporting.results import Result
from pipeline.tasks.molecules.metrics.estimates import read_estimates


def write_samples(result: Result, folder: Path) -> None:
    """Copy the energies and estimates of each test set."""
    for path in sorted(result.samples.glob("*.csv")):
        read_estimates(path)  # checks it
        shutil.copy(path, folder)


def command(result: Result) -> str:
    """Return the shell command that estimates energies with the run."""
    return f"energy --run {result.name} molecules.xyz"


PUBLICATION = Publication(write_samples=write_samples, command=command)

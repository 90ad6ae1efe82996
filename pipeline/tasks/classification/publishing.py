"""Publishes the predictions of runs."""

import shutil
from pathlib import Path

from pipeline.publishing.publication import Publication
from pipeline.reporting.results import Result
from pipeline.tasks.classification.settings import Target, target_of


def write_samples(result: Result, folder: Path) -> None:
    """Copy the classes and predictions of each test set."""
    for path in sorted(result.samples.glob("*.csv")):
        shutil.copy(path, folder)


def command(result: Result) -> str:
    """Return the shell command that classifies with the run, or how another starts from it."""
    if target_of(result.run.model) is Target.CLASS:
        return f"classify --run {result.name} < passages.txt"
    return f"# in params.yaml: start_from: {{run: {result.name}, frozen: false}}"


PUBLICATION = Publication(write_samples=write_samples, command=command)

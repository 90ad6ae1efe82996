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
    """Return the shell command that uses the run, or how another starts from it."""
    match target_of(result.run.model):
        case Target.CLASS:
            return f"classify --run {result.name} < passages.txt"
        case Target.MASKED_PIECES:
            return f'fill --run {result.name} "Click the ____ to open the document."'
        case Target.NEXT_PIECE:
            return f"# in params.yaml: start_from: {{run: {result.name}, frozen: false}}"


PUBLICATION = Publication(write_samples=write_samples, command=command)

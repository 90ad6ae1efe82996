"""Publishes the images of runs."""

import shutil
from pathlib import Path

from pipeline.files import read_json
from pipeline.publishing.publication import Publication
from pipeline.reporting.results import Result
from pipeline.tasks.image.reporting.grids import read_grid

_DESCRIPTION = "samples.json"  # of the grids in the same folder


def write_samples(result: Result, folder: Path) -> None:
    """Copy the grids and their description."""
    for kind in read_json(result.samples / _DESCRIPTION):
        read_grid(result.samples, kind)  # checks it
        shutil.copy(result.samples / f"{kind}.png", folder)
    shutil.copy(result.samples / _DESCRIPTION, folder)


def command(result: Result) -> str:
    """Return the shell command that samples with the run; super-resolution: that decodes."""
    if result.run.decoding.samples_per_class is None:
        return f"python -m pipeline decode {result.name}    # enlarges the test images"
    return f"paint --run {result.name} --class 0 -o out.png"


PUBLICATION = Publication(write_samples=write_samples, command=command)

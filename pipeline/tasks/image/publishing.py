"""What is published of runs that paint."""

import shutil
from pathlib import Path

from pipeline.files import read_json
from pipeline.publishing.publication import Publication
from pipeline.reporting.results import Result
from pipeline.tasks.image.reporting.grids import read_grid

_FACTS = "samples.json"  # what the images beside it show


def write_samples(result: Result, folder: Path) -> None:
    """Copy the grids, and what they show."""
    for kind in read_json(result.samples / _FACTS):
        read_grid(result.samples, kind)  # refuses a damaged one
        shutil.copy(result.samples / f"{kind}.png", folder)
    shutil.copy(result.samples / _FACTS, folder)


def command(result: Result) -> str:
    """How the run paints; one that enlarges images only decodes its test split."""
    if result.run.decoding.samples_per_class is None:
        return f"python -m pipeline decode {result.name}    # enlarges the test images"
    return f"paint --run {result.name} --class 0 -o out.png"


PUBLICATION = Publication(write_samples=write_samples, command=command)

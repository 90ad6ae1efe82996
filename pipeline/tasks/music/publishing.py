"""What is published of runs that compose."""

import shutil
from pathlib import Path

from pipeline.publishing.publication import Publication
from pipeline.reporting.results import Result
from pipeline.tasks.music.reporting.chorales import read_chorales

_FACTS = "samples.json"  # what the pieces beside it are
_FORMS = (".mid", ".mp3", ".png")  # notes, sound and piano roll


def write_samples(result: Result, folder: Path) -> None:
    """Copy the pieces, and what they are."""
    for chorale in read_chorales(result.samples):  # refuses a damaged one
        for suffix in _FORMS:
            shutil.copy((result.samples / chorale.file).with_suffix(suffix), folder)
    shutil.copy(result.samples / _FACTS, folder)


def command(result: Result) -> str:
    """How the run composes a piece."""
    return f"compose --run {result.name} --seconds 30 -o out.mid"


PUBLICATION = Publication(write_samples=write_samples, command=command)

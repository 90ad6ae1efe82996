"""Publishes the pieces of runs."""

import shutil
from pathlib import Path

from pipeline.publishing.publication import Publication
from pipeline.reporting.results import Result
from pipeline.tasks.music.reporting.chorales import read_chorales

_DESCRIPTION = "samples.json"  # of the pieces in the same folder
_SUFFIXES = (".mid", ".mp3", ".png")  # notes, sound and piano roll


def write_samples(result: Result, folder: Path) -> None:
    """Copy the pieces and their description."""
    for chorale in read_chorales(result.samples):  # checks them
        for suffix in _SUFFIXES:
            shutil.copy((result.samples / chorale.file).with_suffix(suffix), folder)
    shutil.copy(result.samples / _DESCRIPTION, folder)


def command(result: Result) -> str:
    """Return the shell command that composes with the run."""
    return f"compose --run {result.name} --seconds 30 -o out.mid"


PUBLICATION = Publication(write_samples=write_samples, command=command)

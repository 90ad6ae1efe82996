"""Interface between the published folder and a task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import Dataset
from pipeline.reporting.results import Result
from pipeline.tasks import part

if TYPE_CHECKING:  # the one imports torch, the other is needed for one picture
    from PIL.Image import Image

    from models.shared.base import Model

Rows = list[dict[str, Any]]  # of a table, by column


def no_languages(dataset: Dataset) -> None:
    """Return no languages (the default): the data are not text."""


def no_tables(results: Sequence[Result]) -> dict[str, Rows]:
    """Return no additional tables (the default)."""
    return {}


@dataclass(frozen=True)
class Player:
    """The section of a task on play.html: its scripts and its template, section.html.

    `write` writes the scripts, section.js first of all, whose `start` is called with the section
    and its network, into a folder. It is given the network and the folder of its encoded data, and
    returns what the scripts and the template have to know, as JSON.
    """

    templates: tuple[Path, ...]
    write: Callable[["Model", Path, Path], dict[str, Any]]


@dataclass(frozen=True)
class Publication:
    """Publication of the runs of a task; DataError names a missing or damaged file."""

    write_samples: Callable[[Result, Path], None]  # to a folder, in common file formats
    command: Callable[[Result], str]  # a shell command that uses the run, for the model card
    languages: Callable[[Dataset], list[str] | None] = no_languages  # for the model card
    tables: Callable[[Sequence[Result]], dict[str, Rows]] = no_tables  # by name, of all its runs
    player: Player | None = None  # on play.html, of the pretrained network
    draw: Callable[[Any], "Image"] | None = None  # PANEL of its highlight, for previews of links
    read_by_command: tuple[str, ...] = ()  # files of the encoded data, beside its manifest


def publication_of(task: str) -> Publication:
    """Import the publication of `task`."""
    return part(task, "publishing").PUBLICATION

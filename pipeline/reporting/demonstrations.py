"""Demonstrations as the page and the tables show them; the folder of their task reads them."""

from dataclasses import dataclass
from typing import Any

from pipeline.config import AnyDemonstration
from pipeline.reporting.results import Result


@dataclass(frozen=True)
class Picture:
    """A figure, in its own pixels."""

    uri: str
    size: int  # pixels, high and wide
    psnr: float | None  # dB, where there is an original


@dataclass(frozen=True)
class Demonstration:
    """The figures of a demonstration by name, and its numbers that belong to no figure."""

    name: str
    settings: AnyDemonstration
    pictures: dict[str, Picture]
    tables: dict[str, dict[str, dict[str, float]]]  # by table, row and column
    learned: list[tuple[Result, Any]]  # runs that learned the same, and what they generated

    @property
    def anchor(self) -> str:
        """The id of its section."""
        return self.name.replace("_", "-")

    @property
    def title(self) -> str:
        """The heading of its section."""
        return self.name.replace("_", "-").capitalize()

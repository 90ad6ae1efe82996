"""Demonstrations for the page and the tables."""

from dataclasses import dataclass
from typing import Any

from pipeline.config import AnyDemonstration


@dataclass(frozen=True)
class Picture:
    """A square figure."""

    uri: str
    size: int  # height and width in pixels
    psnr: float | None  # dB, if there is an original


@dataclass(frozen=True)
class Demonstration:
    """Figures of a demonstration by name, and its other numbers."""

    name: str
    settings: AnyDemonstration
    pictures: dict[str, Picture]
    tables: dict[str, dict[str, dict[str, float]]]  # by table, row and column
    learned: list[Any]  # what runs that learned the same task generated
    order: float  # of its chapter in the story

    @property
    def anchor(self) -> str:
        """HTML id of the section."""
        return self.name.replace("_", "-")

    @property
    def title(self) -> str:
        """Heading of the section."""
        return self.name.replace("_", "-").capitalize()

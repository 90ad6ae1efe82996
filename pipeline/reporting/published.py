"""The published numbers: facts of the papers, each with its source and its data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from models.settings import Settings
from pipeline.tasks import FOLDER, specs

_NAME = "published.yaml"


class Paper(Settings):
    """Who published what."""

    arxiv: str
    authors: str
    title: str


class Number(Settings):
    """A published score; `data` says what it was measured on."""

    system: str
    value: str
    metric: str
    data: str
    arxiv: str


class Layer(Settings):
    """A type of layer, and how its costs grow: what stands in the O( )."""

    layer: str
    complexity: str
    sequential_operations: str
    path_length: str


class RelativeMemory(Settings):
    """Megabytes of the relative term in two forms, and of the logits, at a length."""

    length: int
    gathered: float
    skewed: float
    logits: float


class Shared(Settings):
    """What belongs to no task."""

    papers: list[Paper]
    layers: list[Layer]
    relative_memory: list[RelativeMemory]


class OfTask(Settings):
    """What a task's folder has."""

    papers: list[Paper]  # that the lecture tells of
    further: list[Paper]  # with numbers on the same data
    numbers: list[Number]


@dataclass(frozen=True)
class Published:
    """All facts that come with the code."""

    papers: list[Paper]  # that the lecture tells of
    further: list[Paper]  # with numbers on the same data
    numbers: dict[str, list[Number]]  # by task
    layers: list[Layer]
    relative_memory: list[RelativeMemory]

    def of_task(self, task: str) -> list[Number]:
        """The numbers of one task."""
        return self.numbers[task]

    def authors_of(self, number: Number) -> str:
        """Who published a number."""
        papers = self.papers + self.further
        return next(paper.authors for paper in papers if paper.arxiv == number.arxiv)


def read_published() -> Published:
    """Read the facts that come with the code."""
    shared = Shared.model_validate(_read(Path(__file__).parent))
    tasks = {task: OfTask.model_validate(_read(FOLDER / task / "reporting")) for task in specs()}
    return Published(
        papers=shared.papers + [paper for own in tasks.values() for paper in own.papers],
        further=[paper for own in tasks.values() for paper in own.further],
        numbers={task: own.numbers for task, own in tasks.items()},
        layers=shared.layers,
        relative_memory=shared.relative_memory,
    )


def _read(folder: Path) -> Any:
    return YAML(typ="safe", pure=True).load((folder / _NAME).read_text("utf-8"))

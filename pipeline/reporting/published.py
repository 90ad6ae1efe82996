"""The published numbers: facts of the papers, each with its source and its data."""

from pathlib import Path

from ruamel.yaml import YAML

from models.settings import Settings
from pipeline.settings.base import Task

_FACTS = Path(__file__).with_name("published.yaml")


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


class Published(Settings):
    """The whole file of facts."""

    papers: list[Paper]  # that the lecture tells of
    further: list[Paper]  # with numbers on the same data
    numbers: dict[str, list[Number]]
    layers: list[Layer]
    relative_memory: list[RelativeMemory]

    def of_task(self, task: Task) -> list[Number]:
        """The numbers of one task."""
        return self.numbers.get(task.value, [])

    def authors_of(self, number: Number) -> str:
        """Who published a number."""
        papers = self.papers + self.further
        return next(paper.authors for paper in papers if paper.arxiv == number.arxiv)


def read_published() -> Published:
    """Read the facts that come with the code."""
    return Published.model_validate(YAML(typ="safe", pure=True).load(_FACTS.read_text("utf-8")))

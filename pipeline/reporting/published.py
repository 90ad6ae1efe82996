"""Published numbers of the papers, with source and data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from models.settings import Settings
from pipeline.tasks import FOLDER, specs

_NAME = "published.yaml"


def address_of(arxiv: str) -> str:
    """Return the address of a paper by its arXiv number; one that is not there has an address."""
    return arxiv if "://" in arxiv else f"https://arxiv.org/abs/{arxiv}"


def cited(arxiv: str) -> str:
    """Return how a paper is named beside its authors."""
    return "report" if "://" in arxiv else f"arXiv {arxiv}"


class Paper(Settings):
    """A paper; `arxiv` is its number there, or the address of a paper that is not there."""

    arxiv: str
    authors: str
    title: str


class Number(Settings):
    """A published score; `data` is the data set that it was measured on."""

    system: str
    value: str
    metric: str
    data: str
    arxiv: str


class Layer(Settings):
    """A layer type and its complexities, without the O( )."""

    layer: str
    complexity: str
    sequential_operations: str
    path_length: str


class RelativeMemory(Settings):
    """Memory of the relative term in two forms, and of the logits, in megabytes, by length."""

    length: int
    gathered: float
    skewed: float
    logits: float


class MeanBlock(Settings):
    """Ids that a pass adds in blockwise decoding, without the approximations of the paper."""

    task: str
    proposals: int  # k: of the next id, and k - 1 after it
    frozen: bool  # whether the weights stay those of the network that proposals are trained on
    mean_block: float
    data: str


class Shared(Settings):
    """Published facts that belong to no task."""

    papers: list[Paper]
    layers: list[Layer]
    relative_memory: list[RelativeMemory]
    mean_blocks: list[MeanBlock]


class TaskFacts(Settings):
    """Published facts of a task."""

    papers: list[Paper]  # of the lecture
    further: list[Paper]  # with numbers on the same data
    numbers: list[Number]


@dataclass(frozen=True)
class Published:
    """All published facts."""

    papers: list[Paper]  # of the lecture
    further: list[Paper]  # with numbers on the same data
    numbers: dict[str, list[Number]]  # by task
    layers: list[Layer]
    relative_memory: list[RelativeMemory]
    mean_blocks: list[MeanBlock]

    def mean_block(self, task: str, proposals: int, *, frozen: bool) -> MeanBlock | None:
        """Return the number for so many proposals, if one is published."""
        wanted = task, proposals, frozen
        found = (
            each for each in self.mean_blocks if (each.task, each.proposals, each.frozen) == wanted
        )
        return next(found, None)

    def of_task(self, task: str) -> list[Number]:
        """Return the numbers of one task."""
        return self.numbers[task]

    def authors_of(self, number: Number) -> str:
        """Return the authors of the paper of a number."""
        papers = self.papers + self.further
        return next(paper.authors for paper in papers if paper.arxiv == number.arxiv)


def read_published() -> Published:
    """Read all published facts."""
    shared = Shared.model_validate(_read(Path(__file__).parent))
    tasks = {task: TaskFacts.model_validate(_read(FOLDER / task / "reporting")) for task in specs()}
    return Published(
        papers=shared.papers + [paper for facts in tasks.values() for paper in facts.papers],
        further=[paper for facts in tasks.values() for paper in facts.further],
        numbers={task: facts.numbers for task, facts in tasks.items()},
        layers=shared.layers,
        relative_memory=shared.relative_memory,
        mean_blocks=shared.mean_blocks,
    )


def _read(folder: Path) -> Any:
    return YAML(typ="safe", pure=True).load((folder / _NAME).read_text("utf-8"))

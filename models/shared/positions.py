"""The two kinds of position schemes, and the hooks that they have.

A scheme of the input adds to the embeddings. A scheme of attention rotates queries and keys, adds
to the logits, or adds to the values; what it does not define adds nothing. The schemes are the
modules models/positions/<kind>.py, loaded when a network asks for them.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar

from torch import Tensor, nn

from models.settings import Layout, Positions
from models.shared.coordinates import Grid


@dataclass(frozen=True)
class Site:
    """Where in a network a scheme is used."""

    d_model: int
    num_heads: int
    layout: Layout
    causal: bool = True

    @property
    def d_head(self) -> int:
        """Width of a head."""
        return self.d_model // self.num_heads


class InputPositions(nn.Module, ABC):
    """Adds to the embeddings."""

    def __init__(self, settings: Positions, site: Site) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """Map vectors (batch, length, d_model) at positions (length,) of `grid` to the same shape.

        Raises SequenceError if a position has no vector.
        """


class AttentionPositions(nn.Module):
    """Changes the attention of one layer.

    Queries are at `first`, `first` + 1, ...; keys at 0, 1, ... All leading axes of a query
    (..., heads, query, d_head) are a batch. With a causal site a query sees keys up to its own
    position only, and there are as many keys as the last query needs.
    """

    rotates_only: ClassVar[bool] = False  # a fused kernel computes the rest
    uses_ids: ClassVar[bool] = False  # `logits` needs the ids of the sequence

    def __init__(self, settings: Positions, site: Site) -> None:
        super().__init__()

    def rotate(self, heads: Tensor, first: int) -> Tensor:
        """Turn queries or keys (batch, heads, length, d_head) by angles of their positions."""
        return heads

    def logits(self, query: Tensor, first: int, keys: int, ids: Tensor | None) -> Tensor | float:
        """What query (..., heads, query, d_head) adds to the logits (..., heads, query, key).

        The query is scaled by 1 / sqrt(d_head); ids (batch, key) are given to a scheme that
        `uses_ids`.
        """
        return 0.0

    def values(self, weights: Tensor, first: int) -> Tensor | float:
        """What is added to the output (..., heads, query, d_head) of weights (..., query, key)."""
        return 0.0


def scheme(settings: Positions) -> type[InputPositions] | type[AttentionPositions]:
    """The class of the scheme that `settings` name, in the module of its kind."""
    module = import_module(f"models.positions.{settings.kind}")
    return getattr(module, type(settings).__name__)


def input_positions(settings: Positions, site: Site) -> InputPositions | None:
    """The scheme if it is one of the input, else None."""
    found = scheme(settings)
    return found(settings, site) if issubclass(found, InputPositions) else None


def attention_positions(settings: Positions, site: Site) -> AttentionPositions | None:
    """The scheme of one layer if it is one of attention, else None."""
    found = scheme(settings)
    return found(settings, site) if issubclass(found, AttentionPositions) else None

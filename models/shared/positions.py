"""Interfaces of position schemes.

An input scheme changes the embeddings. An attention scheme rotates queries and keys, adds to the
logits or adds to the output; the default of each hook adds nothing. A scheme is a module
models/positions/<kind>.py, imported when a network uses it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar

import torch
from torch import Tensor, nn

from models.settings import Layout, Positions
from models.shared.coordinates import Grid


@dataclass(frozen=True)
class Site:
    """The layer that uses a scheme: widths, heads, data layout, causal or not."""

    d_model: int
    num_heads: int
    layout: Layout
    causal: bool = True

    @property
    def d_head(self) -> int:
        """Width of one head."""
        return self.d_model // self.num_heads


class InputPositions(nn.Module, ABC):
    """Position scheme of the embeddings."""

    def __init__(self, settings: Positions, site: Site) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """Map vectors (batch, length, d_model) at positions of `grid` to that shape.

        positions (length,), or (batch, length) where each row has its own.
        """

    def check(self, length: int) -> None:
        """Raise SequenceError if a sequence of `length` positions is too long."""


class AttentionPositions(nn.Module):
    """Position scheme of one attention layer.

    Queries are at positions `first`, `first` + 1, ..., or each at its own in `first` (batch,
    query); keys at 0, 1, ... Leading axes of a query (..., heads, query, d_head) are batch axes. In
    a causal layer a query attends to keys up to its position; if `first` is a number, the last key
    is at the position of the last query.
    """

    rotates_only: ClassVar[bool] = False  # attention is then a fused kernel
    uses_ids: ClassVar[bool] = False  # `logits` and `values` need the ids of the sequence
    adds_values: bool = False  # `values` returns a tensor

    def __init__(self, settings: Positions, site: Site) -> None:
        super().__init__()

    def rotate(self, heads: Tensor, first: int | Tensor) -> Tensor:
        """Rotate queries or keys (batch, heads, length, d_head) by angles of their positions."""
        return heads

    def logits(
        self, query: Tensor, first: int | Tensor, keys: int, ids: Tensor | None
    ) -> Tensor | float:
        """Return the term (..., heads, query, key) to add to the logits.

        query (..., heads, query, d_head) is already scaled by 1 / sqrt(d_head); `ids` are passed to
        schemes with `uses_ids`: those of a sequence (batch, key), or labels of the edges of a graph
        (batch, all queries, key).
        """
        return 0.0

    def values(self, weights: Tensor, first: int | Tensor, ids: Tensor | None) -> Tensor | float:
        """Return the term (..., query, d_head) to add to the output.

        weights (..., query, key); `ids` as in `logits`.
        """
        return 0.0


def query_positions(first: int | Tensor, count: int, device: torch.device) -> Tensor:
    """Return the positions (query,) of `count` queries, or `first` (batch, query) per head.

    The latter is (batch, 1, query), so that either broadcasts to (batch, heads, query).
    """
    if isinstance(first, Tensor):
        return first[:, None]
    return torch.arange(first, first + count, device=device)


def scheme(settings: Positions) -> type[InputPositions] | type[AttentionPositions]:
    """Import the class of the scheme that `settings` select."""
    module = import_module(f"models.positions.{settings.kind}")
    return getattr(module, type(settings).__name__)


def input_positions(settings: Positions, site: Site) -> InputPositions | None:
    """Build an input scheme; None if `settings` select an attention scheme."""
    kind = scheme(settings)
    return kind(settings, site) if issubclass(kind, InputPositions) else None


def attention_positions(settings: Positions, site: Site) -> AttentionPositions | None:
    """Build an attention scheme for one layer; None if `settings` select an input scheme."""
    kind = scheme(settings)
    return kind(settings, site) if issubclass(kind, AttentionPositions) else None

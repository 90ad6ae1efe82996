"""Embeddings and positions (Vaswani et al. 2017, sections 3.4, 3.5 and 5.4)."""

import math

import torch
from torch import Tensor, nn

from models.settings import DataShape, Embeddings, PositionsAt, TransformerSettings
from models.shared.coordinates import Grid
from models.shared.dropout import drop
from models.shared.positions import Site, input_positions


class Embedding(nn.Module):
    """Token vectors times sqrt(d_model), plus positions, then dropout.

    `grid` has the coordinates of the positions of an image. `shifted` inputs are targets shifted
    right by one, as in a decoder.
    """

    def __init__(
        self, settings: TransformerSettings, shape: DataShape, grid: Grid, shifted: bool
    ) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.grid, self.shifted = grid, shifted
        tables = grid.channels if settings.embeddings is Embeddings.CHANNELS else 1
        self.tokens = nn.Embedding(tables * shape.inputs, settings.d_model)
        nn.init.normal_(self.tokens.weight, std=settings.d_model**-0.5)
        site = Site(settings.d_model, settings.num_heads, shape.layout)
        self.positions = input_positions(settings.positions, site)

    def forward(self, ids: Tensor, first: int | Tensor = 0) -> Tensor:
        """Map ids (batch, length), the first at position `first`, to (batch, length, d_model).

        Here and below `first` may also be the positions (batch, length) of all.

        Raises SequenceError if the sequence is longer than the table of learned positions.
        """
        return self.with_positions(self.vectors(ids, first), first)

    def vectors(self, ids: Tensor, first: int | Tensor = 0) -> Tensor:
        """Map ids (batch, length) to vectors (batch, length, d_model) without positions."""
        if self.settings.embeddings is Embeddings.CHANNELS:
            positions = _positions(first, ids)
            channels = self.grid.channel(positions - int(self.shifted))
            ids = channels * self.shape.inputs + ids
        return self.tokens(ids) * math.sqrt(self.settings.d_model)

    def with_positions(self, vectors: Tensor, first: int | Tensor = 0) -> Tensor:
        """Add positions to vectors (batch, length, d_model), the first at position `first`."""
        vectors = self._add_positions(vectors, first)
        return drop(vectors, self.settings.embedding_dropout, self.training)

    def at_layer(self, hidden: Tensor, layer: int, first: int | Tensor = 0) -> Tensor:
        """Add positions to the input (batch, length, d_model) of `layer` if set for every layer.

        The input of layer 0 has them already.
        """
        if layer == 0 or self.settings.positions_at is PositionsAt.INPUT:
            return hidden
        return self._add_positions(hidden, first)

    def _add_positions(self, vectors: Tensor, first: int | Tensor) -> Tensor:
        if self.positions is None:
            return vectors
        positions = _positions(first, vectors)
        own = isinstance(first, Tensor)
        self.positions.check(int(first.max()) + 1 if own else first + vectors.shape[1])
        return self.positions(vectors, positions, self.grid)


def _positions(first: int | Tensor, like: Tensor) -> Tensor:
    """Return the positions (length,) or (batch, length) of `like` (batch, length, ...)."""
    if isinstance(first, Tensor):
        return first
    return torch.arange(first, first + like.shape[1], device=like.device)

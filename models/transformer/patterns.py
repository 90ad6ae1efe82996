"""Attention patterns: which positions a query may attend to, and how attention is computed.

The dense mask of a pattern defines it; its blocks make it cheap.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from models.settings import Attention, Backend, ImageLayout, Layout, Local1D, Local2D
from models.settings import Edges as EdgesSettings
from models.settings import Full as FullSettings
from models.shared.positions import AttentionPositions
from models.transformer.attention import attention, attention_weights
from models.transformer.blocks import Blocks, blocks, frames, local_mask

QUERY_BLOCK = 128  # of blockwise attention: the fastest of 64 to 512 at 2,048 and 8,192 positions


@dataclass(frozen=True)
class Heads:
    """Queries, keys and values of one layer, each (batch, heads, length, d_head).

    `padding` (batch, 1, 1, key) is False at padding, None without padding; `ids` (batch, key) are
    for position schemes with `uses_ids`, and of a graph the labels of edges (batch, query, key).
    """

    query: Tensor
    key: Tensor
    value: Tensor
    padding: Tensor | None = None
    ids: Tensor | None = None


@dataclass(frozen=True)
class Frames:
    """Where a position scheme sees the queries and the slots of rows: see AttentionPositions.

    `queries` (row, query) are positions, and those of slots their indices; unless each query has a
    frame of `keys` keys, where `places` (row, query, slot) are those of the slots that it sees.
    """

    queries: Tensor
    keys: int | None = None
    places: Tensor | None = None

    def by_slot(self, term: Tensor | float, shape: torch.Size) -> Tensor | float:
        """Map a term (..., query, key) to `shape` (row, heads, query, slot)."""
        if self.places is None or not isinstance(term, Tensor):
            return term
        return term.expand(*shape[:-1], -1).gather(-1, self.places[:, None].expand(shape))

    def by_key(self, weights: Tensor) -> Tensor:
        """Map weights (row, heads, query, slot) to (row, heads, query, key)."""
        if self.places is None:
            return weights
        by_key = weights.new_zeros(*weights.shape[:-1], self.keys)
        return by_key.scatter_add(-1, self.places[:, None].expand_as(weights), weights)


class Pattern(ABC):
    """Attention pattern of a self-attention or cross-attention layer."""

    causal: bool = True  # no query attends to later positions

    @abstractmethod
    def attention(
        self, heads: Heads, positions: AttentionPositions | None, dropout: float
    ) -> Tensor:
        """Return the attention output (batch, heads, query, d_head) of all queries."""

    @abstractmethod
    def dense_mask(self, heads: Heads) -> Tensor | None:
        """Return the mask, broadcast to (batch, heads, query, key); None allows all keys."""

    def weights(self, heads: Heads, positions: AttentionPositions | None) -> Tensor:
        """Return the weights (batch, heads, query, key) of `attention` without dropout."""
        mask = self.dense_mask(heads)
        return attention_weights(heads.query, heads.key, mask, positions, 0, heads.ids)

    def decoding_blocks(
        self, length: int, positions: AttentionPositions | None, device: torch.device
    ) -> Blocks | None:
        """Return the blocks for decoding `length` positions; None for full attention."""
        return None

    def visible(self, queries: Tensor, keys: int) -> Tensor:
        """Return the causal mask (row, query, key) of positions `queries` (row, query)."""
        return torch.arange(keys, device=queries.device) <= queries[..., None]

    def frames_of(self, queries: Tensor, keys: int, positions: AttentionPositions | None) -> Frames:
        """Return where `positions` see `queries` (row, query) and `keys` keys."""
        return Frames(queries)


class Full(Pattern):
    """Full attention: all keys but padding; if causal, only up to the query's position."""

    def __init__(self, backend: Backend, causal: bool) -> None:
        self.backend, self.causal = backend, causal

    def attention(
        self, heads: Heads, positions: AttentionPositions | None, dropout: float
    ) -> Tensor:
        """See Pattern; blockwise attention needs O(length * QUERY_BLOCK) memory.

        It never materialises a (query, key) tensor: the backward pass recomputes each block with
        the same random numbers (Chen et al. 2016). Where no gradient is recorded nothing has to be
        recomputed, and long sequences are attended in blocks with either backend.
        """
        length, learns = heads.query.shape[2], torch.is_grad_enabled()
        if self.backend is Backend.DENSE and (learns or length <= QUERY_BLOCK):
            return self._rows(heads, positions, dropout, 0, length)

        def checkpointed(*rows: int) -> Tensor:
            return checkpoint(
                self._rows,
                heads,
                positions,
                dropout,
                *rows,
                use_reentrant=False,
                preserve_rng_state=dropout > 0.0,
            )

        def plain(*rows: int) -> Tensor:
            return self._rows(heads, positions, dropout, *rows)

        attend_rows: Callable[..., Tensor] = checkpointed if learns else plain
        starts = range(0, length, QUERY_BLOCK)
        return torch.cat([attend_rows(i, min(i + QUERY_BLOCK, length)) for i in starts], dim=2)

    def dense_mask(self, heads: Heads) -> Tensor | None:
        """See Pattern."""
        return self._mask(heads, 0, heads.query.shape[2])

    def _rows(
        self,
        heads: Heads,
        positions: AttentionPositions | None,
        dropout: float,
        first: int,
        last: int,
    ) -> Tensor:
        """Return the attention output of queries `first` to `last`; if causal, keys to `last`."""
        keys = slice(last if self.causal else None)
        return attention(
            heads.query[:, :, first:last],
            heads.key[:, :, keys],
            heads.value[:, :, keys],
            self._mask(heads, first, last),
            dropout,
            positions,
            first,
            heads.ids,
        )

    def _mask(self, heads: Heads, first: int, last: int) -> Tensor | None:
        if not self.causal:
            return heads.padding
        causal = causal_mask(first, last, heads.query.device)
        return causal if heads.padding is None else causal & heads.padding[..., :last]


@lru_cache(maxsize=32)
def causal_mask(first: int, last: int, device: torch.device) -> Tensor:
    """Return the mask key <= query of queries `first` to `last` and keys 0 to `last`."""
    return torch.ones(last - first, last, dtype=torch.bool, device=device).tril(first)


class Local(Pattern):
    """Causal local attention in blocks (Parmar et al. 2018, section 3.3)."""

    def __init__(self, settings: Local1D | Local2D, layout: Layout) -> None:
        self.settings = settings
        self.height, self.width = 1, 1
        if isinstance(layout, ImageLayout):
            self.height, self.width = layout.height, layout.width * layout.channels

    def attention(
        self, heads: Heads, positions: AttentionPositions | None, dropout: float
    ) -> Tensor:
        """See Pattern; O(length * memory) instead of O(length^2)."""
        local_blocks = self.decoding_blocks(heads.query.shape[2], positions, heads.query.device)
        if is_relative(positions):
            return framed_attention(heads, local_blocks, positions, dropout)
        return blocked_attention(heads, local_blocks, dropout)

    def dense_mask(self, heads: Heads) -> Tensor:
        """See Pattern."""
        index = torch.arange(heads.query.shape[2], device=heads.query.device)
        return local_mask(self.settings, index, index, self.height, self.width)

    def weights(self, heads: Heads, positions: AttentionPositions | None) -> Tensor:
        """See Pattern."""
        if not is_relative(positions):
            return super().weights(heads, positions)
        local_blocks = self.decoding_blocks(heads.query.shape[2], positions, heads.query.device)
        return framed_weights(heads, local_blocks, positions)

    def decoding_blocks(
        self, length: int, positions: AttentionPositions | None, device: torch.device
    ) -> Blocks:
        """See Pattern."""
        if is_relative(positions):
            return frames(self.settings, length, device)
        return blocks(self.settings, length, self.height, self.width, device)

    def visible(self, queries: Tensor, keys: int) -> Tensor:
        """See Pattern; keys after the last position of an image are seen by none."""
        index = torch.arange(keys, device=queries.device)
        if isinstance(self.settings, Local2D):
            index = index.clamp(max=self.height * self.width)
        seen = local_mask(self.settings, queries.flatten(), index, self.height, self.width)
        return seen.unflatten(0, queries.shape)

    def frames_of(self, queries: Tensor, keys: int, positions: AttentionPositions | None) -> Frames:
        """See Pattern; a frame is that of `frames`, whose first key is the condition."""
        if not is_relative(positions):
            return super().frames_of(queries, keys, positions)
        size, memory = self.settings.query_block, self.settings.memory_block
        condition = queries // size * size - memory - 1
        places = torch.arange(keys, device=queries.device) - condition[..., None]
        count = 1 + memory + size
        places = places.clamp(0, count - 1).index_fill(-1, places.new_zeros(1), 0)
        return Frames(queries - condition, count, places)


class Edges(Pattern):
    """Attention along edges with one of `labels`; a node without any attends to itself alone."""

    causal = False

    def __init__(self, settings: EdgesSettings) -> None:
        self.labels = settings.labels

    def attention(
        self, heads: Heads, positions: AttentionPositions | None, dropout: float
    ) -> Tensor:
        """See Pattern."""
        mask = self.dense_mask(heads)
        return attention(
            heads.query, heads.key, heads.value, mask, dropout, positions, 0, heads.ids
        )

    def dense_mask(self, heads: Heads) -> Tensor:
        """See Pattern; no edge to padding has a label."""
        labels = torch.tensor(self.labels, device=heads.ids.device)
        along = torch.isin(heads.ids, labels)[:, None]
        itself = torch.eye(along.shape[-1], dtype=torch.bool, device=along.device)
        return along | itself & ~along.any(dim=-1, keepdim=True)


def is_relative(positions: AttentionPositions | None) -> bool:
    """Whether logits or values depend on index distances, so that blocks have to be `frames`."""
    return positions is not None and not positions.rotates_only


def blocked_attention(heads: Heads, local_blocks: Blocks, dropout: float) -> Tensor:
    """Local attention in blocks; equals attention with the dense mask of the pattern.

    Blocks become the batch axis, with masks shared by all heads: fused kernels take four axes.
    """
    query, key, value = heads.query, heads.key, heads.value
    batch, count_heads, length, d_head = query.shape
    count, size, _ = local_blocks.mask.shape
    padded = F.pad(query, (0, 0, 0, count * size - length))
    attended = attention(
        padded.view(batch, count_heads, count, size, d_head).flatten(0, 1).transpose(0, 1),
        key[:, :, local_blocks.keys].flatten(0, 1).transpose(0, 1),
        value[:, :, local_blocks.keys].flatten(0, 1).transpose(0, 1),
        # Padding queries of the last block have no key; they attend to all and are cut off below.
        (local_blocks.mask | ~local_blocks.mask.any(dim=-1, keepdim=True))[:, None],
        dropout,
    )
    merged = attended.transpose(0, 1).reshape(batch, count_heads, count * size, d_head)
    return merged[:, :, :length]


def framed_attention(
    heads: Heads, local_blocks: Blocks, positions: AttentionPositions, dropout: float
) -> Tensor:
    """Local attention with relative positions (Huang et al. 2018, section 3.4.2).

    `local_blocks` is the result of `frames`.
    """
    framed, mask, first = _in_frames(heads, local_blocks)
    attended = attention(framed.query, framed.key, framed.value, mask, dropout, positions, first)
    return attended.transpose(1, 2).flatten(2, 3)[:, :, : heads.query.shape[2]]


def framed_weights(heads: Heads, local_blocks: Blocks, positions: AttentionPositions) -> Tensor:
    """Return the weights (batch, heads, query, key) of `framed_attention`, 0 outside frames."""
    framed, mask, first = _in_frames(heads, local_blocks)
    weights = attention_weights(framed.query, framed.key, mask, positions, first)
    length = heads.query.shape[2]
    dense = weights.new_zeros(*weights.shape[:-1], length)
    dense.scatter_add_(-1, local_blocks.keys[:, None, None].expand_as(weights), weights)
    return dense.transpose(1, 2).flatten(2, 3)[:, :, :length]


def _in_frames(heads: Heads, local_blocks: Blocks) -> tuple[Heads, Tensor, int]:
    """Return heads (batch, block, heads, position, d_head), mask, and index of the first query.

    The last key of a block is at the position of its last query.
    """
    count, size, memory = local_blocks.mask.shape
    padded = F.pad(heads.query, (0, 0, 0, count * size - heads.query.shape[2]))
    framed = Heads(
        padded.unflatten(2, (count, size)).transpose(1, 2),
        heads.key[:, :, local_blocks.keys].transpose(1, 2),
        heads.value[:, :, local_blocks.keys].transpose(1, 2),
    )
    return framed, local_blocks.mask[:, None], memory - size


def pattern(settings: Attention, layout: Layout) -> Pattern:
    """Build the causal pattern of a decoder's self-attention."""
    if isinstance(settings, FullSettings):
        return Full(settings.backend, causal=True)
    return Local(settings, layout)


def encoder_pattern(settings: Attention) -> Pattern:
    """Build the pattern of an encoder's self-attention, along the edges of a graph or to all."""
    return Edges(settings) if isinstance(settings, EdgesSettings) else source_pattern(settings)


def source_pattern(settings: Attention) -> Full:
    """Build the pattern of an encoder's self-attention and of cross-attention: all but padding."""
    backend = settings.backend if isinstance(settings, FullSettings) else Backend.DENSE
    return Full(backend, causal=False)

"""Attention patterns: which positions a query may attend to, and how that is computed fast.

A pattern knows its dense mask, which defines it, and its blocks, which make it cheap.
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
from models.settings import Full as FullSettings
from models.shared.positions import AttentionPositions
from models.transformer.attention import attention, attention_weights
from models.transformer.blocks import Blocks, blocks, frames, local_mask

QUERY_BLOCK = 128  # of blockwise attention: the fastest of 64 to 512 at 2,048 and 8,192 positions


@dataclass(frozen=True)
class Heads:
    """Queries, keys and values of one layer, each (batch, heads, length, d_head).

    `padding` (batch, 1, 1, key) is False where a key is padding, None where there is none; `ids`
    (batch, key) are given to positions that use them.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    padding: Tensor | None = None
    ids: Tensor | None = None


@dataclass(frozen=True)
class Window:
    """What one query of a step may attend to: positions (key,), and a mask (key,) or None."""

    keys: Tensor
    mask: Tensor | None = None


class Pattern(ABC):
    """Who may attend to whom in one self-attention or cross-attention layer."""

    causal: bool = True  # a query sees no later position

    @abstractmethod
    def attention(
        self, heads: Heads, positions: AttentionPositions | None, dropout: float
    ) -> Tensor:
        """Attention of all queries, (batch, heads, query, d_head)."""

    @abstractmethod
    def dense_mask(self, heads: Heads) -> Tensor | None:
        """True where a query may attend, broadcast to (batch, heads, query, key); None: always."""

    def weights(self, heads: Heads, positions: AttentionPositions | None) -> Tensor:
        """The weights of `attention` without dropout, (batch, heads, query, key)."""
        mask = self.dense_mask(heads)
        return attention_weights(heads.query, heads.key, mask, positions, 0, heads.ids)

    def decoding_blocks(
        self, length: int, positions: AttentionPositions | None, device: torch.device
    ) -> Blocks | None:
        """The blocks in which `length` positions are decoded; None where every query sees all."""
        return None


class Full(Pattern):
    """Every position, in a decoder every position up to the query's own, that is no padding."""

    def __init__(self, backend: Backend, causal: bool) -> None:
        self.backend, self.causal = backend, causal

    def attention(
        self, heads: Heads, positions: AttentionPositions | None, dropout: float
    ) -> Tensor:
        """See Pattern; blockwise attention has the memory O(length * QUERY_BLOCK).

        No tensor (query, key) is then ever whole: the backward pass computes each block once more,
        with the same random numbers (Chen et al. 2016).
        """
        if self.backend is Backend.DENSE:
            return self._rows(heads, positions, dropout, 0, heads.query.shape[2])

        def recomputed(*rows: int) -> Tensor:
            return checkpoint(
                self._rows,
                heads,
                positions,
                dropout,
                *rows,
                use_reentrant=False,
                preserve_rng_state=dropout > 0.0,
            )

        def computed(*rows: int) -> Tensor:
            return self._rows(heads, positions, dropout, *rows)

        of_rows: Callable[..., Tensor] = recomputed if torch.is_grad_enabled() else computed
        length = heads.query.shape[2]
        starts = range(0, length, QUERY_BLOCK)
        return torch.cat([of_rows(i, min(i + QUERY_BLOCK, length)) for i in starts], dim=2)

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
        """Attention of the queries `first` to `last`; a causal one leaves out later keys."""
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
    """True where key <= query, for the queries `first` to `last` and the keys 0 to `last`."""
    return torch.ones(last - first, last, dtype=torch.bool, device=device).tril(first)


class Local(Pattern):
    """The blocks around a query block, causally (Parmar et al. 2018, section 3.3)."""

    def __init__(self, settings: Local1D | Local2D, layout: Layout) -> None:
        self.settings = settings
        self.height, self.width = 1, 1
        if isinstance(layout, ImageLayout):
            self.height, self.width = layout.height, layout.width * layout.channels

    def attention(
        self, heads: Heads, positions: AttentionPositions | None, dropout: float
    ) -> Tensor:
        """See Pattern; O(length * memory) instead of O(length^2)."""
        cut = self.decoding_blocks(heads.query.shape[2], positions, heads.query.device)
        if is_relative(positions):
            return framed_attention(heads, cut, positions, dropout)
        return blocked_attention(heads, cut, dropout)

    def dense_mask(self, heads: Heads) -> Tensor:
        """See Pattern."""
        index = torch.arange(heads.query.shape[2], device=heads.query.device)
        return local_mask(self.settings, index, index, self.height, self.width)

    def weights(self, heads: Heads, positions: AttentionPositions | None) -> Tensor:
        """See Pattern."""
        if not is_relative(positions):
            return super().weights(heads, positions)
        cut = self.decoding_blocks(heads.query.shape[2], positions, heads.query.device)
        return framed_weights(heads, cut, positions)

    def decoding_blocks(
        self, length: int, positions: AttentionPositions | None, device: torch.device
    ) -> Blocks:
        """See Pattern."""
        if is_relative(positions):
            return frames(self.settings, length, device)
        return blocks(self.settings, length, self.height, self.width, device)


def is_relative(positions: AttentionPositions | None) -> bool:
    """Whether distances count inside a block, so that its keys need fixed indices."""
    return positions is not None and not positions.rotates_only


def blocked_attention(heads: Heads, cut: Blocks, dropout: float) -> Tensor:
    """Local attention, block by block; equals attention with the dense mask of the pattern.

    The blocks become the batch, whose masks all heads share: a fused kernel takes four axes, not
    five.
    """
    query, key, value = heads.query, heads.key, heads.value
    batch, count_heads, length, d_head = query.shape
    count, size, _ = cut.mask.shape
    padded = F.pad(query, (0, 0, 0, count * size - length))
    attended = attention(
        padded.view(batch, count_heads, count, size, d_head).flatten(0, 1).transpose(0, 1),
        key[:, :, cut.keys].flatten(0, 1).transpose(0, 1),
        value[:, :, cut.keys].flatten(0, 1).transpose(0, 1),
        # A query that fills up the last block sees nothing; let it see all: it is cut off below.
        (cut.mask | ~cut.mask.any(dim=-1, keepdim=True))[:, None],
        dropout,
    )
    merged = attended.transpose(0, 1).reshape(batch, count_heads, count * size, d_head)
    return merged[:, :, :length]


def framed_attention(
    heads: Heads, cut: Blocks, positions: AttentionPositions, dropout: float
) -> Tensor:
    """Local attention with relative terms, which all blocks share (Huang et al. 2018, 3.4.2).

    `cut` as of `frames`.
    """
    framed, mask, first = _in_frames(heads, cut)
    attended = attention(framed.query, framed.key, framed.value, mask, dropout, positions, first)
    return attended.transpose(1, 2).flatten(2, 3)[:, :, : heads.query.shape[2]]


def framed_weights(heads: Heads, cut: Blocks, positions: AttentionPositions) -> Tensor:
    """The weights (batch, heads, query, key) of `framed_attention`, 0 for keys in no frame."""
    framed, mask, first = _in_frames(heads, cut)
    weights = attention_weights(framed.query, framed.key, mask, positions, first)
    length = heads.query.shape[2]
    spread = weights.new_zeros(*weights.shape[:-1], length)
    spread.scatter_add_(-1, cut.keys[:, None, None].expand_as(weights), weights)
    return spread.transpose(1, 2).flatten(2, 3)[:, :, :length]


def _in_frames(heads: Heads, cut: Blocks) -> tuple[Heads, Tensor, int]:
    """Queries, keys and values of each block, (batch, block, heads, position, d_head).

    With their mask, and the index of the first query among the keys: the last key of a block is its
    last query.
    """
    count, size, memory = cut.mask.shape
    padded = F.pad(heads.query, (0, 0, 0, count * size - heads.query.shape[2]))
    framed = Heads(
        padded.unflatten(2, (count, size)).transpose(1, 2),
        heads.key[:, :, cut.keys].transpose(1, 2),
        heads.value[:, :, cut.keys].transpose(1, 2),
    )
    return framed, cut.mask[:, None], memory - size


def pattern(settings: Attention, layout: Layout) -> Pattern:
    """The causal pattern of a decoder's self-attention."""
    if isinstance(settings, FullSettings):
        return Full(settings.backend, causal=True)
    return Local(settings, layout)


def source_pattern(settings: Attention) -> Full:
    """The pattern of an encoder's self-attention and of cross-attention: all that is no padding."""
    backend = settings.backend if isinstance(settings, FullSettings) else Backend.DENSE
    return Full(backend, causal=False)

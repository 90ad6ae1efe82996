"""Scaled dot-product attention in several heads (Vaswani et al. 2017, section 3.2)."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from models.cache import KeyValueCache
from models.dropout import drop
from models.locality import Blocks, Blockwise

QUERY_BLOCK = 128  # of blockwise attention: the fastest of 64 to 512 at 2,048 and 8,192 positions


class Relative(Protocol):
    """The relative terms of one layer; models.positions has the schemes."""

    def logits(self, query: Tensor, first: int, keys: int) -> Tensor | float:
        """What distances add to the logits (..., heads, query, key)."""

    def output(self, weights: Tensor, first: int) -> Tensor | float:
        """What distances add to the output (..., heads, query, d_head)."""


def attend(
    query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None, dropout: float
) -> Tensor:
    """softmax(Q K^T / sqrt(d_head)) V (eq. 1), over the last two axes of any leading ones.

    query (..., query, d_head), key and value (..., key, d_head); `visible` broadcasts to
    (..., query, key) and is True where attention is allowed, None where it always is.
    """
    return F.scaled_dot_product_attention(query, key, value, attn_mask=visible, dropout_p=dropout)


def attend_relative(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    visible: Tensor | None,
    relative: Relative,
    first: int,
    dropout: float,
) -> Tensor:
    """Attention with relative terms: softmax((Q K^T + S_rel) / sqrt(d_head)) V + (relative output).

    Axes as in `attend`, leading ones (..., heads). The first query stands at position `first`.
    """
    scaled = query * query.shape[-1] ** -0.5
    logits = scaled @ key.transpose(-1, -2) + relative.logits(scaled, first, key.shape[-2])
    if visible is not None:
        logits = logits.masked_fill(~visible, -torch.inf)
    weights = drop(logits.softmax(dim=-1), dropout)
    return weights @ value + relative.output(weights, first)


def attend_blocks(
    query: Tensor, key: Tensor, value: Tensor, blocks: Blocks, dropout: float
) -> Tensor:
    """Local attention, block by block: O(length * memory) instead of O(length^2).

    All of (batch, heads, length, d_head); equals `attend` with the dense mask of the locality. The
    blocks become the batch, whose masks all heads share: a fused kernel takes four axes, not five.
    """
    batch, heads, length, d_head = query.shape
    count, size, _ = blocks.visible.shape
    padded = F.pad(query, (0, 0, 0, count * size - length))
    attended = attend(
        padded.view(batch, heads, count, size, d_head).flatten(0, 1).transpose(0, 1),
        key[:, :, blocks.keys].flatten(0, 1).transpose(0, 1),
        value[:, :, blocks.keys].flatten(0, 1).transpose(0, 1),
        # A query that fills up the last block sees nothing; let it see all: it is cut off below.
        (blocks.visible | ~blocks.visible.any(dim=-1, keepdim=True))[:, None],
        dropout,
    )
    return attended.transpose(0, 1).reshape(batch, heads, count * size, d_head)[:, :, :length]


def attend_relative_blocks(
    query: Tensor, key: Tensor, value: Tensor, frames: Blocks, relative: Relative, dropout: float
) -> Tensor:
    """Local attention with relative terms: all blocks have the same (Huang et al. 2018, 3.4.2).

    query (batch, heads, query, d_head), key and value (batch, heads, key, d_head); `frames` as of
    models.locality.frames: the last key of a block is its last query.
    """
    length = query.shape[-2]
    count, size, memory = frames.visible.shape
    padded = F.pad(query, (0, 0, 0, count * size - length))
    attended = attend_relative(
        padded.unflatten(2, (count, size)).transpose(1, 2),  # (batch, block, heads, query, d_head)
        key[:, :, frames.keys].transpose(1, 2),
        value[:, :, frames.keys].transpose(1, 2),
        frames.visible[:, None],
        relative,
        memory - size,
        dropout,
    )
    return attended.transpose(1, 2).flatten(2, 3)[:, :, :length]


def attend_blockwise(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    visible: Blockwise,
    relative: Relative | None,
    dropout: float,
) -> Tensor:
    """Full attention with memory O(length * QUERY_BLOCK): no tensor (query, key) is ever whole.

    All of (batch, heads, length, d_head); equals `attend` or `attend_relative` with the dense mask.
    The backward pass computes each block once more, with the same draws (Chen et al. 2016).
    """

    def attended(first: int, last: int) -> Tensor:
        mask = visible.of(first, last)
        seen = slice(mask.shape[-1])
        block = query[:, :, first:last], key[:, :, seen], value[:, :, seen], mask
        if relative is None:
            return attend(*block, dropout)
        return attend_relative(*block, relative, first, dropout)

    def recomputed(first: int, last: int) -> Tensor:
        drawn = dropout > 0.0
        return checkpoint(attended, first, last, use_reentrant=False, preserve_rng_state=drawn)

    length = query.shape[2]
    compute = recomputed if torch.is_grad_enabled() else attended
    starts = range(0, length, QUERY_BLOCK)
    return torch.cat([compute(i, min(i + QUERY_BLOCK, length)) for i in starts], dim=2)


def split_heads(projected: Tensor, num_heads: int) -> Tensor:
    """(batch, length, heads * d_head) to (batch, heads, length, d_head)."""
    batch, length, width = projected.shape
    return projected.view(batch, length, num_heads, width // num_heads).transpose(1, 2)


def merge_heads(heads: Tensor) -> Tensor:
    """(batch, heads, length, d_head) to (batch, length, heads * d_head)."""
    return heads.transpose(1, 2).flatten(-2)


class SelfAttention(nn.Module):
    """Every position attends to the positions of its own sequence."""

    def __init__(
        self, d_model: int, num_heads: int, dropout: float, relative: Relative | None
    ) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.relative = relative
        self.project = nn.Linear(d_model, 3 * d_model)  # W_Q, W_K, W_V of all heads in one product
        self.combine = nn.Linear(d_model, d_model)  # W_O

    def forward(
        self,
        inputs: Tensor,
        visible: Tensor | Blockwise | Blocks | None,
        tokens: Tensor | None = None,
    ) -> Tensor:
        """Map inputs (batch, length, d_model) to the same shape.

        `visible` is a mask (query, key) or (batch, 1, query, key), one that is computed blockwise,
        the blocks of a locality, or None if all is visible; `tokens` (batch, key) for relative
        terms that depend on them.
        """
        query, key, value = self._heads(inputs)
        dropout = self.dropout if self.training else 0.0
        relative = self._relative(tokens)
        if isinstance(visible, Blocks) and relative is not None:
            attended = attend_relative_blocks(query, key, value, visible, relative, dropout)
        elif isinstance(visible, Blocks):
            attended = attend_blocks(query, key, value, visible, dropout)
        elif isinstance(visible, Blockwise):
            attended = attend_blockwise(query, key, value, visible, relative, dropout)
        elif relative is not None:
            attended = attend_relative(query, key, value, visible, relative, 0, dropout)
        else:
            attended = attend(query, key, value, visible, dropout)
        return self.combine(merge_heads(attended))

    def advance(
        self,
        inputs: Tensor,
        cache: KeyValueCache,
        seen: Tensor | Blocks | None,
        tokens: Tensor | None = None,
    ) -> Tensor:
        """Attend from one new position, inputs (batch, 1, d_model), to the cached ones and itself.

        `seen` are the positions that a local query may attend to, None for all, with relative terms
        its block of one query as of models.locality.frames; `tokens` (batch, key) as in `forward`.
        """
        query, key, value = self._heads(inputs)
        visible, relative = None, self._relative(tokens)
        if isinstance(seen, Blocks):
            seen, visible = seen.keys[0], seen.visible
        keys, values = cache.append(key, value, seen)
        if relative is not None:
            first = keys.shape[-2] - 1  # the query itself is the last key
            attended = attend_relative(query, keys, values, visible, relative, first, 0.0)
        else:
            attended = attend(query, keys, values, None, 0.0)
        return self.combine(merge_heads(attended))

    def _relative(self, tokens: Tensor | None) -> Relative | None:
        return self.relative if tokens is None else self.relative.of(tokens)

    def _heads(self, inputs: Tensor) -> tuple[Tensor, ...]:
        projected = self.project(inputs).chunk(3, dim=-1)
        return tuple(split_heads(part, self.num_heads) for part in projected)


class CrossAttention(nn.Module):
    """Every target position attends to the encoded source."""

    def __init__(self, d_model: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.project_query = nn.Linear(d_model, d_model)
        self.project_memory = nn.Linear(d_model, 2 * d_model)
        self.combine = nn.Linear(d_model, d_model)

    def remember(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (batch, heads, source, d_head) of memory (batch, source, d_model)."""
        key, value = self.project_memory(memory).chunk(2, dim=-1)
        return split_heads(key, self.num_heads), split_heads(value, self.num_heads)

    def forward(
        self, inputs: Tensor, remembered: tuple[Tensor, Tensor], visible: Tensor | Blockwise
    ) -> Tensor:
        """Map inputs (batch, target, d_model) to the same shape; visible (batch, 1, 1, source)."""
        query = split_heads(self.project_query(inputs), self.num_heads)
        dropout = self.dropout if self.training else 0.0
        if isinstance(visible, Blockwise):
            attended = attend_blockwise(query, *remembered, visible, None, dropout)
        else:
            attended = attend(query, *remembered, visible, dropout)
        return self.combine(merge_heads(attended))

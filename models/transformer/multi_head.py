"""Multi-head self-attention and cross-attention (Vaswani et al. 2017, section 3.2.2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.shared.base import Memory
from models.shared.positions import AttentionPositions
from models.shared.products import Linear
from models.transformer.attention import merge_heads, split_heads
from models.transformer.cache import KEYS, attend
from models.transformer.patterns import Full, Heads, Pattern
from models.transformer.row_cache import AnyWindow, Cache


class SelfAttention(nn.Module):
    """Multi-head self-attention with an attention pattern and an optional position scheme."""

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        dropout: float,
        pattern: Pattern,
        positions: AttentionPositions | None,
    ) -> None:
        super().__init__()
        self.num_heads, self.dropout, self.pattern = num_heads, dropout, pattern
        self.positions = positions
        self.in_proj = Linear(d_model, 3 * d_model)  # W_Q, W_K, W_V of all heads in one product
        self.out_proj = Linear(d_model, d_model)  # W_O

    def forward(
        self, inputs: Tensor, padding: Tensor | None = None, ids: Tensor | None = None
    ) -> Tensor:
        """Map inputs (batch, length, d_model) to the same shape.

        `padding` and `ids` as in Heads.
        """
        heads = self._heads(inputs, 0, padding, ids)
        dropout = self.dropout if self.training else 0.0
        attended = self.pattern.attention(heads, self.positions, dropout)
        return self.out_proj(merge_heads(attended))

    def weights(
        self, inputs: Tensor, padding: Tensor | None = None, ids: Tensor | None = None
    ) -> Tensor:
        """Return the attention weights (batch, heads, query, key) of `forward`, without dropout."""
        return self.pattern.weights(self._heads(inputs, 0, padding, ids), self.positions)

    def step(
        self,
        inputs: Tensor,
        cache: Cache,
        window: AnyWindow,
        ids: Tensor | None = None,
    ) -> Tensor:
        """Map the next positions (batch, length, d_model) to the same shape, writing to `cache`.

        They attend to themselves and to the cached positions in `window`; ids (batch, key).
        """
        heads = self._heads(inputs, window.position, None, ids)
        return self.out_proj(merge_heads(cache.step(heads, window, self.positions)))

    def _heads(
        self, inputs: Tensor, first: int | Tensor, padding: Tensor | None, ids: Tensor | None
    ) -> Heads:
        projected = self.in_proj(inputs).chunk(3, dim=-1)
        query, key, value = (split_heads(part, self.num_heads) for part in projected)
        if self.positions is not None:
            query = self.positions.rotate(query, first)
            key = self.positions.rotate(key, first)
        return Heads(query, key, value, padding, ids)


class CrossAttention(nn.Module):
    """Multi-head attention of target positions to the encoded source."""

    def __init__(self, d_model: int, num_heads: int, dropout: float, pattern: Full) -> None:
        super().__init__()
        self.num_heads, self.dropout, self.pattern = num_heads, dropout, pattern
        self.project_query = Linear(d_model, d_model)
        self.project_kv = Linear(d_model, 2 * d_model)
        self.out_proj = Linear(d_model, d_model)

    def memory(self, encoded: Tensor, padding: Tensor) -> Memory:
        """Project encoded (source, position, d_model) to keys and values.

        Both are (source, heads, position, d_head); `padding` (source, 1, 1, position) is False at
        padding.
        """
        key, value = self.project_kv(encoded).chunk(2, dim=-1)
        heads = split_heads(key, self.num_heads), split_heads(value, self.num_heads)
        return Memory(*heads, padding)

    def forward(self, inputs: Tensor, memory: Memory) -> Tensor:
        """Map inputs (batch, target, d_model) to the same shape."""
        heads = self._heads(inputs, memory)
        dropout = self.dropout if self.training else 0.0
        attended = self.pattern.attention(heads, None, dropout)
        return self.out_proj(merge_heads(attended))

    def to_step(self, memory: Memory) -> Memory:
        """Return `memory` as `step` reads it, at least KEYS positions long.

        key (source, heads, d_head, position), value (source, heads, position, d_head), and as mask
        (source, heads, 1, position) 0, -inf at padding.
        """
        added = max(0, KEYS - memory.key.shape[2])
        bias = torch.zeros_like(memory.mask, dtype=memory.key.dtype)
        bias = F.pad(bias.masked_fill_(~memory.mask, -torch.inf), (0, added), value=-torch.inf)
        return Memory(
            F.pad(memory.key, (0, 0, 0, added)).transpose(2, 3).contiguous(),
            F.pad(memory.value, (0, 0, 0, added)).contiguous(),
            bias.repeat(1, self.num_heads, 1, 1),
        )

    def step(self, inputs: Tensor, memory: Memory) -> Tensor:
        """Map the next positions (batch, length, d_model) to that shape; `memory` of `to_step`."""
        key, value, bias = (each.flatten(0, 1) for each in (memory.key, memory.value, memory.mask))
        query = self.project_query(inputs).view(len(memory.key), -1, inputs.shape[2])
        attended = attend(split_heads(query, self.num_heads), key, value, bias)
        return self.out_proj(merge_heads(attended).view_as(inputs))

    def weights(self, inputs: Tensor, memory: Memory) -> Tensor:
        """Return the attention weights (batch, heads, target, source) without dropout."""
        return self.pattern.weights(self._heads(inputs, memory), None)

    def _heads(self, inputs: Tensor, memory: Memory) -> Heads:
        query = split_heads(self.project_query(inputs), self.num_heads)
        return Heads(query, memory.key, memory.value, memory.mask)

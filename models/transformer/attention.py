"""Scaled dot-product attention with several heads (Vaswani et al. 2017, section 3.2)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from models.shared.dropout import drop
from models.shared.positions import AttentionPositions
from models.shared.products import are_defined, matmul


def attention_weights(
    query: Tensor,
    key: Tensor,
    attn_mask: Tensor | None,
    positions: AttentionPositions | None = None,
    first: int = 0,
    ids: Tensor | None = None,
) -> Tensor:
    """softmax((Q K^T + S_rel) / sqrt(d_head)), (..., heads, query, key).

    query (..., heads, query, d_head), key (..., heads, key, d_head); `attn_mask` broadcasts to
    (..., heads, query, key) and is True where attention is allowed; None allows all. The first
    query is at position `first`; S_rel is the term of `positions`, for `ids` as in Heads.
    """
    scaled = query * query.shape[-1] ** -0.5
    logits = matmul(scaled, key.transpose(-1, -2))
    if positions is not None:
        logits = logits + positions.logits(scaled, first, key.shape[-2], ids)
    if attn_mask is not None:  # a sum: faster than masked_fill, and without a backward pass
        logits = logits + logits.new_zeros(attn_mask.shape).masked_fill_(~attn_mask, -torch.inf)
    return logits.softmax(dim=-1)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None,
    dropout: float,
    positions: AttentionPositions | None = None,
    first: int = 0,
    ids: Tensor | None = None,
) -> Tensor:
    """attention_weights(Q, K) V (eq. 1), plus the value term of `positions`.

    Shapes as in `attention_weights`; value (..., heads, key, d_head). With native numerics a fused
    kernel computes it unless `positions` add to logits or values.
    """
    is_plain = positions is None or positions.rotates_only
    if is_plain and not are_defined(query):
        return F.scaled_dot_product_attention(
            query, key, value, attn_mask=attn_mask, dropout_p=dropout
        )
    weights = attention_weights(query, key, attn_mask, positions, first, ids)
    weights = drop(weights, dropout)
    attended = matmul(weights, value)
    return attended if is_plain else attended + positions.values(weights, first, ids)


def split_heads(projected: Tensor, num_heads: int) -> Tensor:
    """Map (batch, length, heads * d_head) to (batch, heads, length, d_head)."""
    batch, length, width = projected.shape
    return projected.view(batch, length, num_heads, width // num_heads).transpose(1, 2)


def merge_heads(heads: Tensor) -> Tensor:
    """Map (batch, heads, length, d_head) to (batch, length, heads * d_head)."""
    return heads.transpose(1, 2).flatten(-2)

"""Attention with linear biases, ALiBi (Press et al. 2021, section 3)."""

import math

import torch
from torch import Tensor

from models.settings import Alibi as Settings
from models.shared.positions import AttentionPositions, Site, query_positions


def slopes(num_heads: int) -> list[float]:
    """Return the slope of each head: 2^(-8 h / heads), h = 1 .. heads, for a power of two.

    Other numbers take the slopes of the power of two below, then every second slope of the next
    power of two, as in the authors' code.
    """
    power = 2 ** math.floor(math.log2(num_heads))
    first = [2.0 ** (-8.0 * head / power) for head in range(1, power + 1)]
    if power == num_heads:
        return first
    return first + slopes(2 * power)[0::2][: num_heads - power]


class Alibi(AttentionPositions):
    """Add -slope * |query position - key position| to the logits, with a fixed slope per head."""

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.register_buffer("slopes", torch.tensor(slopes(site.num_heads)), persistent=False)

    def logits(self, query: Tensor, first: int | Tensor, keys: int, ids: Tensor | None) -> Tensor:
        """-slope |i - j|, (heads, query, key), for query (..., heads, query, d_head)."""
        i = query_positions(first, query.shape[-2], query.device)[..., None]
        j = torch.arange(keys, device=query.device)
        return -self.slopes[:, None, None].to(query.dtype) * (i - j).abs()

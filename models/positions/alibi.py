"""Attention with linear biases, ALiBi (Press et al. 2021, section 3)."""

import math

import torch
from torch import Tensor

from models.settings import Alibi as Settings
from models.shared.positions import AttentionPositions, Site


def slopes(num_heads: int) -> list[float]:
    """The slope of each head: 2^(-8 h / heads) for h = 1, 2, ..., heads, a power of two.

    Another number takes those of the power of two below it, and then every second one of those of
    the next power of two, as in the authors' code.
    """
    power = 2 ** math.floor(math.log2(num_heads))
    first = [2.0 ** (-8.0 * head / power) for head in range(1, power + 1)]
    if power == num_heads:
        return first
    return first + slopes(2 * power)[0::2][: num_heads - power]


class Alibi(AttentionPositions):
    """Subtracts the distance from query to key, times the slope of the head, from the logits.

    In an encoder distances ahead count as those behind. There is nothing to learn.
    """

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.register_buffer("slopes", torch.tensor(slopes(site.num_heads)), persistent=False)

    def logits(self, query: Tensor, first: int, keys: int, ids: Tensor | None) -> Tensor:
        """-slope |i - j|, (heads, query, key), for query (..., heads, query, d_head)."""
        i = torch.arange(first, first + query.shape[-2], device=query.device)[:, None]
        j = torch.arange(keys, device=query.device)
        return -self.slopes[:, None, None].to(query.dtype) * (i - j).abs()

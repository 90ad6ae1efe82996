"""Relative attention by skewing: Q E_r^T (Huang et al. 2018, section 3.4)."""

import torch
from torch import Tensor, nn

from models.settings import SkewedRelative as Settings
from models.shared.positions import AttentionPositions, Site
from models.shared.skewing import skewed_logits


class SkewedRelative(AttentionPositions):
    """Add the product with a learned vector per head and distance to the logits.

    Distances are clipped to max_distance behind the query and, in an encoder, ahead of it.
    """

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.ahead = 0 if site.causal else settings.max_distance
        distances = self.ahead + settings.max_distance + 1
        self.embeddings = nn.Parameter(torch.empty(site.num_heads, distances, site.d_head))
        nn.init.normal_(self.embeddings, std=site.d_head**-0.5)

    def logits(self, query: Tensor, first: int | Tensor, keys: int, ids: Tensor | None) -> Tensor:
        """Map query (..., heads, query, d_head) to q_i e_(i - j), (..., heads, query, key)."""
        return skewed_logits(query, self.embeddings, self.ahead, first, keys)

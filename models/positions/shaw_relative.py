"""Relative position representations (Shaw et al. 2018, eqs. 3 to 5)."""

import torch
from torch import Tensor, nn

from models.settings import ShawParts
from models.settings import ShawRelative as Settings
from models.shared.positions import AttentionPositions, Site, query_positions
from models.shared.products import linear, matmul


class ShawRelative(AttentionPositions):
    """Learned vectors a^K, a^V per distance clipped to [-k, k] (Shaw et al. 2018, eqs. 3-5).

    All heads of a layer share the vectors, as in the paper. Products of queries with the 2k + 1
    a^K are gathered by distance, and weights are summed by distance before the product with a^V,
    which avoids a (query, key, d_head) tensor. Either part may be left out, as in table 4.
    """

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.max_distance, parts = settings.max_distance, settings.parts
        self.key_vectors = self._vectors(site.d_head) if parts is not ShawParts.VALUES else None
        self.adds_values = parts is not ShawParts.KEYS
        self.value_vectors = self._vectors(site.d_head) if self.adds_values else None

    def logits(
        self, query: Tensor, first: int | Tensor, keys: int, ids: Tensor | None
    ) -> Tensor | float:
        """Map query (..., heads, query, d_head) to q_i (a^K_ij)^T, (..., heads, query, key)."""
        if self.key_vectors is None:
            return 0.0
        products = linear(query, self.key_vectors)
        return products.gather(-1, self._distances(query, first, keys))

    def values(self, weights: Tensor, first: int | Tensor, ids: Tensor | None) -> Tensor | float:
        """Map weights (..., heads, query, key) to sum_j alpha_ij a^V_ij, (..., query, d_head)."""
        if self.value_vectors is None:
            return 0.0
        by_distance = weights.new_zeros(*weights.shape[:-1], len(self.value_vectors))
        index = self._distances(weights, first, weights.shape[-1])
        return matmul(by_distance.scatter_add(-1, index, weights), self.value_vectors)

    def _vectors(self, d_head: int) -> nn.Parameter:
        return nn.Parameter(nn.init.xavier_uniform_(torch.empty(2 * self.max_distance + 1, d_head)))

    def _distances(self, like: Tensor, first: int | Tensor, keys: int) -> Tensor:
        """Return clip(j - i, k) + k for queries i from `first` on, (..., heads, query, key)."""
        i = query_positions(first, like.shape[-2], like.device)[..., None]
        j = torch.arange(keys, device=like.device)
        clipped = (j - i).clamp(-self.max_distance, self.max_distance) + self.max_distance
        return clipped.expand(*like.shape[:-1], keys)

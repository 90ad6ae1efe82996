"""Relation-aware self-attention on a labelled graph (Shaw et al. 2018, section 3.1)."""

import torch
from torch import Tensor, nn

from models.settings import LabelledEdges as Settings
from models.shared.positions import AttentionPositions, Site
from models.shared.products import matmul


class LabelledEdges(AttentionPositions):
    """Learned vectors a^K, a^V per head and label of the edge from query to key (eqs. 3 and 4).

    Products of queries with the a^K of all labels are gathered by label, and weights are summed by
    label before the product with a^V, which avoids a (query, key, d_head) tensor.
    """

    uses_ids = True
    adds_values = True

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.count = site.layout.labels
        self.key_vectors = nn.Parameter(torch.empty(site.num_heads, self.count, site.d_head))
        self.value_vectors = nn.Parameter(torch.empty(site.num_heads, self.count, site.d_head))
        for vectors in (self.key_vectors, self.value_vectors):
            nn.init.normal_(vectors, std=site.d_head**-0.5)

    def logits(self, query: Tensor, first: int, keys: int, ids: Tensor | None) -> Tensor:
        """Map query (batch, heads, query, d_head) to q_i (a^K_ij)^T, (batch, heads, query, key)."""
        products = matmul(query, self.key_vectors.transpose(-1, -2))
        return products.gather(-1, _labels(products, first, keys, ids))

    def values(self, weights: Tensor, first: int, ids: Tensor | None) -> Tensor:
        """Map weights (batch, heads, query, key) to sum_j alpha_ij a^V_ij, (..., d_head)."""
        by_label = weights.new_zeros(*weights.shape[:-1], self.count)
        index = _labels(weights, first, weights.shape[-1], ids)
        return matmul(by_label.scatter_add(-1, index, weights), self.value_vectors)


def _labels(like: Tensor, first: int, keys: int, ids: Tensor) -> Tensor:
    """Return the labels (batch, heads, query, key) of queries from `first` on, with `like`'s axes.

    `like` is (batch, heads, query, ...), ids (batch, node, node).
    """
    queries = ids[:, None, first : first + like.shape[-2], :keys]
    return queries.expand(*like.shape[:-1], -1)

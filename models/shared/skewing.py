"""Products of queries with relative embeddings, without a (query, key, d_head) tensor."""

import torch
from torch import Tensor
from torch.nn import functional as F

from models.shared.products import matmul


def skew(products: Tensor) -> Tensor:
    """Reindex products from (query, distance) to (query, key) (Huang et al. 2018, section 3.4.1).

    Column 0 of `products` (..., query, distance) is the distance from the last query to the first
    key, and each further column is one less. Row r moves left by queries - 1 - r columns, so that
    column c is key c; columns that enter from the right are meaningless. Pads a column on the left,
    reshapes, drops the first row: the published form if there are as many queries as distances.
    """
    queries, distances = products.shape[-2:]
    padded = F.pad(products, (1, 0))
    return padded.flatten(-2)[..., queries:].unflatten(-1, (queries, distances))


def skewed_logits(
    query: Tensor, vectors: Tensor, ahead: int, first: int | Tensor, keys: int
) -> Tensor:
    """Map query (..., heads, query, d_head) to q_i e_(i - j), (..., heads, query, key).

    `vectors` (heads, distance, d_head) are the relative embeddings of distances -ahead (key after
    the query) and up; distances are clipped to their range. Queries are at positions `first`,
    `first` + 1, ...; with ahead = 0 attention is causal and there are first + queries keys. Needs
    O(length * d_head) memory in addition to the logits (Huang et al. 2018, table 1). Queries of
    rows with their own positions `first` (batch, query) are not skewed but gathered.
    """
    if isinstance(first, Tensor):
        return _gathered_logits(query, vectors, ahead, first, keys)
    nearest = first - keys if ahead else -1
    distances = torch.arange(first + query.shape[-2] - 1, nearest, -1, device=query.device)
    behind = vectors.shape[-2] - 1 - ahead
    indexes = distances.clamp(-ahead, behind) + ahead
    if query.shape[-2] == 1:  # a step: its products with all vectors are less than their copies
        products = matmul(query, vectors.transpose(-1, -2))
        return products.index_select(-1, indexes[:keys])
    relative = vectors[:, indexes]
    return skew(matmul(query, relative.transpose(-1, -2)))[..., :keys]


def _gathered_logits(
    query: Tensor, vectors: Tensor, ahead: int, queries: Tensor, keys: int
) -> Tensor:
    """Return `skewed_logits` of query (batch, heads, query, d_head) at `queries` (batch, query)."""
    products = matmul(query, vectors.transpose(-1, -2))
    distances = queries[:, None, :, None] - torch.arange(keys, device=query.device)
    behind = vectors.shape[-2] - 1 - ahead
    indexes = distances.clamp(-ahead, behind) + ahead
    return products.gather(-1, indexes.expand(*query.shape[:-1], -1))

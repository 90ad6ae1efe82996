"""Products of queries with vectors of distances, without a (query, key, d_head) tensor."""

import torch
from torch import Tensor
from torch.nn import functional as F


def skew(products: Tensor) -> Tensor:
    """Turn products with distances into products with positions (Huang et al. 2018, section 3.4.1).

    Column 0 of `products` (..., query, distance) holds the distance of the last query to the first
    key, and each further column one less. Row r moves left by queries - 1 - r columns, so that
    column c holds key c; what comes in from the right is meaningless. Pads a column on the left,
    reshapes, drops the first row: with as many queries as distances, the published form.
    """
    queries, distances = products.shape[-2:]
    padded = F.pad(products, (1, 0))
    return padded.flatten(-2)[..., queries:].unflatten(-1, (queries, distances))


def skewed_logits(query: Tensor, vectors: Tensor, ahead: int, first: int, keys: int) -> Tensor:
    """Map query (..., heads, query, d_head) to q_i e_(i - j), (..., heads, query, key).

    `vectors` (heads, distance, d_head) are those of the distances from -ahead (the key after the
    query) upwards; larger ones share the outermost vectors. The queries are at `first`, `first` +
    1, ...; with ahead = 0 attention is causal and there are first + queries keys. Needs
    O(length * d_head) memory beside the logits (Huang et al. 2018, table 1).
    """
    nearest = first - keys if ahead else -1
    distances = torch.arange(first + query.shape[-2] - 1, nearest, -1, device=query.device)
    behind = vectors.shape[-2] - 1 - ahead
    chosen = vectors[:, distances.clamp(-ahead, behind) + ahead]
    return skew(query @ chosen.transpose(-1, -2))[..., :keys]

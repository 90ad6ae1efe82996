"""Where a token stands: vectors added to or set beside embeddings, and relative terms in logits.

An additive scheme is a function of positions. A relative scheme is a module of one attention layer
with two terms: `logits` (queries against distances) and `output` (weights against distances).
Queries stand at `first`, `first + 1`, ...; keys at 0, 1, ... All leading axes of a query
(..., heads, query, d_head) are a batch.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import ConcatenatedSinusoid, ShawParts


def sinusoid(positions: Tensor, width: int) -> Tensor:
    """Sinusoids of wavelengths from 2 pi to 10000 * 2 pi (Vaswani et al. 2017, section 3.5).

    PE(pos, 2i) = sin(pos / 10000^(2i / width)), PE(pos, 2i + 1) = cos(the same).
    Maps positions (...) to vectors (..., width); `width` is even.
    """
    frequencies = torch.exp(
        torch.arange(0, width, 2, device=positions.device) * (-math.log(10000.0) / width)
    )
    angles = positions.unsqueeze(-1) * frequencies
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


def sinusoid_2d(rows: Tensor, columns: Tensor, width: int) -> Tensor:
    """Half the width encodes the row, half the column (Parmar et al. 2018, section 3.1).

    Maps rows (...) and columns (...) to vectors (..., width); `width` is divisible by 4. The column
    of a colour image counts the channels of all its pixels.
    """
    return torch.cat((sinusoid(rows, width // 2), sinusoid(columns, width // 2)), dim=-1)


class Concatenated(nn.Module):
    """Joins a vector, the sinusoids of its position and a label to one vector again.

    Huang et al. 2018 concatenate on the JSB Chorales where Vaswani et al. 2017 add. The label of a
    position is learned: the voice that is predicted there, if `voices` is not None.
    """

    def __init__(self, d_model: int, settings: ConcatenatedSinusoid, voices: int | None) -> None:
        super().__init__()
        self.width, self.voices = settings.width, voices
        parts = 1 if voices is None else 2
        self.join = nn.Linear(d_model + parts * settings.width, d_model)
        if voices is not None:
            self.labels = nn.Embedding(voices, settings.width)

    def forward(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Map vectors (batch, length, d_model) at positions (length,) to the same shape."""
        beside = [sinusoid(positions, self.width).to(vectors.dtype)]
        if self.voices is not None:
            beside.append(self.labels(positions % self.voices))
        beside = torch.cat(beside, dim=-1).expand(len(vectors), -1, -1)
        return self.join(torch.cat((vectors, beside), dim=-1))


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


class SkewedRelative(nn.Module):
    """A learned vector per head and distance, added to the logits: Q E_r^T, skewed.

    Distances run from -ahead (the key after the query) to behind; larger ones share the outermost
    vectors. With ahead = 0 attention has to be causal. The relative part needs O(length * d_head)
    memory beside the logits: no (length, length, d_head) tensor (Huang et al. 2018, table 1).
    """

    def __init__(self, num_heads: int, d_head: int, behind: int, ahead: int) -> None:
        super().__init__()
        self.behind, self.ahead = behind, ahead
        self.embeddings = nn.Parameter(torch.empty(num_heads, ahead + behind + 1, d_head))
        nn.init.normal_(self.embeddings, std=d_head**-0.5)

    def logits(self, query: Tensor, first: int, keys: int) -> Tensor:
        """Map query (..., heads, query, d_head) to q_i e_(i - j), (..., heads, query, key).

        A causal scheme takes the keys up to the last query: keys = first + queries.
        """
        nearest = first - keys if self.ahead else -1
        distances = torch.arange(first + query.shape[-2] - 1, nearest, -1, device=query.device)
        vectors = self.embeddings[:, distances.clamp(-self.ahead, self.behind) + self.ahead]
        return skew(query @ vectors.transpose(-1, -2))[..., :keys]

    def output(self, weights: Tensor, first: int) -> Tensor | float:
        """There is no relative term on values in this scheme."""
        return 0.0


class ShawRelative(nn.Module):
    """Learned vectors a^K, a^V per distance clipped to [-k, k] (Shaw et al. 2018, eqs. 3-5).

    One table for all heads of a layer, as in the paper. Queries meet the 2k + 1 vectors once and
    the products are gathered by distance; weights are summed by distance before they meet a^V:
    no (query, key, d_head) tensor. A part that has no vectors, as in table 4, adds nothing.
    """

    def __init__(self, d_head: int, max_distance: int, parts: ShawParts) -> None:
        super().__init__()
        self.max_distance = max_distance
        self.keys = self._vectors(d_head) if parts is not ShawParts.VALUES else None
        self.values = self._vectors(d_head) if parts is not ShawParts.KEYS else None

    def logits(self, query: Tensor, first: int, keys: int) -> Tensor | float:
        """Map query (..., heads, query, d_head) to q_i (a^K_ij)^T, (..., heads, query, key)."""
        if self.keys is None:
            return 0.0
        products = query @ self.keys.T
        return products.gather(-1, self._distances(query, first, keys))

    def output(self, weights: Tensor, first: int) -> Tensor | float:
        """Map weights (..., heads, query, key) to sum_j alpha_ij a^V_ij, (..., query, d_head)."""
        if self.values is None:
            return 0.0
        by_distance = weights.new_zeros(*weights.shape[:-1], len(self.values))
        index = self._distances(weights, first, weights.shape[-1])
        return by_distance.scatter_add(-1, index, weights) @ self.values

    def _vectors(self, d_head: int) -> nn.Parameter:
        return nn.Parameter(nn.init.xavier_uniform_(torch.empty(2 * self.max_distance + 1, d_head)))

    def _distances(self, like: Tensor, first: int, keys: int) -> Tensor:
        """clip(j - i, k) + k for queries from `first` on, (..., heads, query, key)."""
        i = torch.arange(first, first + like.shape[-2], device=like.device)[:, None]
        j = torch.arange(keys, device=like.device)
        clipped = (j - i).clamp(-self.max_distance, self.max_distance) + self.max_distance
        return clipped.expand(*like.shape[:-1], keys)

"""Relative attention by distance, time and pitch (Huang et al. 2018, JSB Chorales).

Defined for voices on a grid.
"""

import torch
from torch import Tensor, nn

from models.settings import RelativePitchTime as Settings
from models.shared.positions import AttentionPositions, Site, query_positions
from models.shared.products import matmul
from models.shared.skewing import skewed_logits


class RelativePitchTime(AttentionPositions):
    """Learned vectors per head for distance, time difference and pitch interval of two notes.

    Differences are clipped to their maximum. Pairs with an id that is no pitch (silence, the start)
    share one vector for no interval.
    """

    uses_ids = True

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.settings, self.layout = settings, site.layout
        heads, d_head, intervals = site.num_heads, site.d_head, 2 * settings.max_pitch_distance + 1
        self.distances = nn.Parameter(torch.empty(heads, settings.max_distance + 1, d_head))
        self.times = nn.Parameter(torch.empty(heads, settings.max_time_distance + 1, d_head))
        self.intervals = nn.Parameter(torch.empty(heads, intervals + 1, d_head))
        for vectors in (self.distances, self.times, self.intervals):
            nn.init.normal_(vectors, std=d_head**-0.5)

    def logits(self, query: Tensor, first: int | Tensor, keys: int, ids: Tensor | None) -> Tensor:
        """Map query (batch, heads, query, d_head) to (batch, heads, query, key); causal."""
        queries = query_positions(first, query.shape[-2], query.device)
        return (
            skewed_logits(query, self.distances, 0, first, keys)
            + _by_label(query, self.times, self._times(queries, keys, query.device))
            + _by_label(query, self.intervals, self._intervals(queries, ids[:, None, :keys]))
        )

    def _times(self, queries: Tensor, keys: int, device: torch.device) -> Tensor:
        """Return time steps from key to query, (..., query, key); 0 for later keys: masked."""
        voices = self.layout.voices
        times = (torch.arange(keys, device=device) + voices - 1) // voices
        return (times[queries][..., None] - times).clamp(0, self.settings.max_time_distance)

    def _intervals(self, queries: Tensor, ids: Tensor) -> Tensor:
        """Return labels (batch, 1, query, key) of semitones from key to query or of no interval."""
        most = self.settings.max_pitch_distance
        own = ids.gather(-1, queries.expand(*ids.shape[:-1], queries.shape[-1]))
        semitones = own[..., None] - ids[..., None, :]
        pitches = self.layout.pitches
        both = (own < pitches)[..., None] & (ids < pitches)[..., None, :]
        return (semitones.clamp(-most, most) + most).where(both, 2 * most + 1)


def _by_label(query: Tensor, vectors: Tensor, labels: Tensor) -> Tensor:
    """Return products of query (batch, heads, query, d_head) with the vectors at `labels`.

    Products with all vectors (heads, label, d_head) are gathered by labels (..., query, key), which
    avoids a (query, key, d_head) tensor.
    """
    products = matmul(query, vectors.transpose(-1, -2))
    return products.gather(-1, labels.expand(*query.shape[:-1], -1))

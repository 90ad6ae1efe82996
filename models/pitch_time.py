"""Relative pitch and time: what two notes are to each other, beside how far apart they stand.

For voices on a grid: after a first position `voices` ones make a time step, and the ids below
`pitches` are MIDI pitches. Huang et al. 2018 use it on the JSB Chorales.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.positions import SkewedRelative
from models.settings import DataShape
from models.settings import RelativePitchTime as PitchTimeSettings


class RelativePitchTime(nn.Module):
    """The skewed relative scheme, and learned vectors per head for differences in time and pitch.

    Larger differences share the outermost vectors. An id that is no pitch (silence, the start) has
    no interval to any other: a vector of its own.
    """

    def __init__(
        self, num_heads: int, d_head: int, settings: PitchTimeSettings, shape: DataShape
    ) -> None:
        super().__init__()
        self.settings, self.shape = settings, shape
        self.distances = SkewedRelative(num_heads, d_head, settings.max_distance, ahead=0)
        self.times = nn.Parameter(torch.empty(num_heads, settings.max_time_distance + 1, d_head))
        intervals = 2 * settings.max_pitch_distance + 1
        self.intervals = nn.Parameter(torch.empty(num_heads, intervals + 1, d_head))
        nn.init.normal_(self.times, std=d_head**-0.5)
        nn.init.normal_(self.intervals, std=d_head**-0.5)

    def of(self, tokens: Tensor) -> "PitchTimeTerms":
        """The relative terms within the sequences tokens (batch, key)."""
        return PitchTimeTerms(self, tokens)


@dataclass(frozen=True)
class PitchTimeTerms:
    """The relative terms of a scheme within the sequences tokens (batch, key)."""

    scheme: RelativePitchTime
    tokens: Tensor

    def logits(self, query: Tensor, first: int, keys: int) -> Tensor:
        """Map query (batch, heads, query, d_head) to (batch, heads, query, key); causal."""
        queries = slice(first, first + query.shape[-2])
        return (
            self.scheme.distances.logits(query, first, keys)
            + _by_label(query, self.scheme.times, self._times(queries, keys))
            + _by_label(query, self.scheme.intervals, self._intervals(queries, keys))
        )

    def output(self, weights: Tensor, first: int) -> Tensor | float:
        """There is no relative term on values in this scheme."""
        return 0.0

    def _times(self, queries: slice, keys: int) -> Tensor:
        """Time steps from key to query, (query, key); a later key, which is masked, has 0."""
        voices = self.scheme.shape.voices
        times = (torch.arange(keys, device=self.tokens.device) + voices - 1) // voices
        return (times[queries, None] - times).clamp(0, self.scheme.settings.max_time_distance)

    def _intervals(self, queries: slice, keys: int) -> Tensor:
        """Semitones from key to query, or the label of no interval: (batch, 1, query, key)."""
        most = self.scheme.settings.max_pitch_distance
        pitches = self.tokens[:, None, :keys]
        semitones = pitches[..., queries, None] - pitches[..., None, :]
        pitched = pitches < self.scheme.shape.pitches
        both = pitched[..., queries, None] & pitched[..., None, :]
        return (semitones.clamp(-most, most) + most).where(both, 2 * most + 1)


def _by_label(query: Tensor, vectors: Tensor, labels: Tensor) -> Tensor:
    """Products of queries with the vectors (heads, label, d_head) that `labels` name for each key.

    Queries (batch, heads, query, d_head) meet the few vectors once, and the products are gathered
    by labels (..., query, key): no (query, key, d_head) tensor.
    """
    products = query @ vectors.transpose(-1, -2)
    return products.gather(-1, labels.expand(*query.shape[:-1], -1))

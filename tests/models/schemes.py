"""Position schemes of attention, with random vectors in float64."""

from models.settings import (
    DataShape,
    LabelledEdges,
    Positions,
    RelativePitchTime,
    ShawParts,
    ShawRelative,
    SkewedRelative,
)
from models.shared.positions import AttentionPositions, Site, attention_positions
from tests.models.comparison import random_tensor
from tests.models.networks import TEXT, graphs

D_HEAD = 4


def shaw(
    max_distance: int, parts: ShawParts, heads: int = 3, d_head: int = D_HEAD
) -> AttentionPositions:
    """Relative position representations, for queries that see everything."""
    settings = ShawRelative(kind="shaw_relative", max_distance=max_distance, parts=parts)
    return scheme(settings, heads, d_head, causal=False)


def skewed(
    max_distance: int, causal: bool, heads: int = 3, d_head: int = D_HEAD
) -> AttentionPositions:
    """Relative attention by skewing."""
    settings = SkewedRelative(kind="skewed_relative", max_distance=max_distance)
    return scheme(settings, heads, d_head, causal)


def pitch_time(
    max_distance: int, max_time: int, max_pitch: int, shape: DataShape, heads: int, d_head: int
) -> AttentionPositions:
    """Relative pitch and time."""
    settings = RelativePitchTime(
        kind="relative_pitch_time",
        max_distance=max_distance,
        max_time_distance=max_time,
        max_pitch_distance=max_pitch,
    )
    return scheme(settings, heads, d_head, causal=True, shape=shape)


def labelled_edges(labels: int, heads: int = 3, d_head: int = D_HEAD) -> AttentionPositions:
    """Labelled edges, `labels` with that of padding."""
    settings = LabelledEdges(kind="labelled_edges")
    return scheme(settings, heads, d_head, causal=False, shape=graphs(9, labels))


def scheme(
    settings: Positions, heads: int, d_head: int, causal: bool, shape: DataShape = TEXT
) -> AttentionPositions:
    """The scheme that `settings` describe."""
    site = Site(heads * d_head, heads, shape.layout, causal)
    positions = attention_positions(settings, site).double()
    for seed, parameter in enumerate(positions.parameters(), start=50):
        parameter.data = random_tensor(*parameter.shape, seed=seed)
    return positions

"""Raw images one by one, whatever files they come from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pipeline.corpus import Split
from pipeline.encoding.records import Skipped

IDS = np.dtype(np.uint16)  # of an image; classes come after intensities


class Image(NamedTuple):
    """Intensities `pixels` (height, width, channels) and class of an image.

    Images of the same `cluster`, a number, are not independent: they stay in one split.
    """

    pixels: np.ndarray
    label: int
    cluster: int


@dataclass(frozen=True)
class RawImages:
    """All records of a source: `splits` as they come with it, "train" alone if it has none.

    A split can be iterated once, is read meanwhile, and raises DataError if it is damaged as a
    whole. `cluster_name` names the clusters of the images that were read; `facts` are for the
    manifest.
    """

    levels: int
    classes: int | None  # None: as many as the largest label says
    splits: dict[Split, Iterable[Image | Skipped]]
    cluster_name: Callable[[int], str] = str
    facts: Mapping[str, Any] = field(default_factory=dict)


def most_classes(levels: int) -> int:
    """Return how many classes there can be ids for, beside those of the intensities."""
    return 1 + np.iinfo(IDS).max - levels

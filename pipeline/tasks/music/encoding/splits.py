"""The split of each piece: as the data come, or drawn."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from pipeline.corpus import SPLITS, Split, write_clusters, write_sequences
from pipeline.encoding.splits import check_not_empty, draw_splits
from pipeline.files import write_json
from pipeline.settings.base import Splits
from pipeline.tasks.music.codec import FIELD


class Named(Protocol):
    """A piece; its split is None if the data do not come split."""

    name: str
    split: Split | None


AnyPiece = TypeVar("AnyPiece", bound=Named)


def split_pieces(
    raw: Path, pieces: Sequence[AnyPiece], splits: Splits | None
) -> dict[Split, list[AnyPiece]]:
    """Draw the test and validation pieces, or take them as they come if `splits` is None.

    Each split keeps the order of `pieces`. Raises DataError if one is empty.
    """
    if splits is None:
        parts = {split: [piece for piece in pieces if piece.split == split] for split in SPLITS}
    else:
        drawn = draw_splits(np.arange(len(pieces)), splits)
        parts = {split: [pieces[index] for index in which] for split, which in drawn.items()}
    check_not_empty(raw, parts)
    return parts


def keep_share(pieces: Sequence[AnyPiece], share: float) -> list[AnyPiece]:
    """Return a share of `pieces`, rounded up to whole ones and drawn at random, in their order.

    What a smaller share keeps, a larger one keeps too.
    """
    drawn = np.random.default_rng(len(pieces)).permutation(len(pieces))
    return [pieces[index] for index in np.sort(drawn[: math.ceil(share * len(pieces))])]


def write_pieces(
    encoded: Path,
    splits: Mapping[Split, Sequence[AnyPiece]],
    to_ids: Callable[[AnyPiece], np.ndarray],
    dtype: np.dtype,
) -> None:
    """Write the ids of every split and the names of its pieces, which are the clusters too."""
    for split, pieces in splits.items():
        names = [piece.name for piece in pieces]
        write_sequences(encoded, split, FIELD, map(to_ids, pieces), dtype)
        write_json(encoded / f"{split}.pieces.json", names)
        if split != "train":
            write_clusters(encoded, split, names)

"""Which piece goes where: as the data come split, or drawn."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

from pipeline.corpus import SPLITS, Split
from pipeline.errors import DataError
from pipeline.settings.base import Splits


class HasSplit(Protocol):
    """A piece; its split is None where the data do not come split."""

    split: Split | None


Each = TypeVar("Each", bound=HasSplit)


def split_pieces(pieces: Sequence[Each], splits: Splits | None) -> dict[Split, list[Each]]:
    """Draw the test and validation pieces, or take them as they come if `splits` is None.

    Each split keeps the order of `pieces`. Raises DataError if one would be empty.
    """
    if splits is None:
        parted = {split: [each for each in pieces if each.split == split] for split in SPLITS}
    else:
        drawn = _draw(len(pieces), splits)
        parted = {split: [pieces[index] for index in sorted(drawn[split])] for split in SPLITS}
    for split in SPLITS:
        if not parted[split]:
            raise DataError(
                f"encoding.splits: {len(pieces)} pieces leave the split {split!r} empty; "
                "use more pieces or another share"
            )
    return parted


def _draw(count: int, splits: Splits) -> dict[Split, np.ndarray]:
    order = np.random.default_rng([splits.seed]).permutation(count)
    test = round(splits.test * count)
    validation = test + round(splits.validation * count)
    return {"train": order[validation:], "validation": order[test:validation], "test": order[:test]}

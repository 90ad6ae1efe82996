"""Splits at random by whole groups, so that nothing of a training group is held out."""

from collections.abc import Collection, Mapping, Sized
from pathlib import Path

import numpy as np

from pipeline.corpus import SPLITS, Split
from pipeline.errors import DataError
from pipeline.settings.base import Splits


def draw_splits(
    groups: np.ndarray,
    splits: Splits,
    strata: np.ndarray | None = None,
    given: Collection[Split] = (),
) -> dict[Split, np.ndarray]:
    """Return the indices of the records of each split, in ascending order.

    Records with the same number in `groups` (record,) stay together. Of the groups of each stratum
    `splits` gives a share to test and to validation, rounded to whole groups and drawn by its seed
    and the stratum; the others are for training. `strata` (record,) are numbers from 0 on, such as
    classes, and a group lies in one of them; None stands for a single one. Splits that are `given`
    with the data get nothing.
    """
    if strata is None:
        strata = np.zeros(len(groups), np.int64)
    test, validation = (0.0 if s in given else getattr(splits, s) for s in ("test", "validation"))
    drawn: dict[Split, list[np.ndarray]] = {split: [np.empty(0, np.int64)] for split in SPLITS}
    for stratum in np.unique(strata):
        records = np.flatnonzero(strata == stratum)
        shuffled = np.unique(groups[records])
        np.random.default_rng([splits.seed, stratum]).shuffle(shuffled)
        tests = round(test * len(shuffled))
        parts = np.split(shuffled, [tests, tests + round(validation * len(shuffled))])
        for split, part in zip(("test", "validation", "train"), parts, strict=True):
            drawn[split].append(records[np.isin(groups[records], part)])
    return {split: np.sort(np.concatenate(parts)) for split, parts in drawn.items()}


def check_not_empty(raw: Path, splits: Mapping[Split, Sized]) -> None:
    """Raise DataError if a split has no records."""
    for split, records in splits.items():
        if not len(records):
            total = sum(map(len, splits.values()))
            raise DataError(
                f"{raw}: {total} records leave split {split!r} empty; enlarge its share in "
                "encoding.splits, or use more records"
            )

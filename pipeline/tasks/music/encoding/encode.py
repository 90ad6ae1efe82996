"""Chorales to ids: read, merge near-duplicates, split by piece, write."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import SPLITS, Split, write_sequences
from pipeline.errors import DataError
from pipeline.files import write_json
from pipeline.settings.base import Splits
from pipeline.tasks.music.codec import FIELD, IDS, SHAPE, to_ids
from pipeline.tasks.music.encoding.read import Piece, read_pieces
from pipeline.tasks.music.encoding.twins import count_shared_melodies, merge_twins
from pipeline.tasks.music.settings import MusicEncoding

_LISTED = 20


def encode(raw: Path, encoded: Path, encoding: MusicEncoding) -> dict[str, Any]:
    """Write the pieces under `raw` as ids into `encoded` and return this task's manifest.

    Writes `<split>.tokens` and, in the same order, the names in `<split>.pieces.json`. `tokens`
    counts what is predicted: all ids but START. Raises DataError if more than
    `encoding.max_skipped` of the records cannot be used or a split would be empty.
    """
    pieces, skipped = read_pieces(raw, encoding.reader)
    records = len(pieces) + len(skipped)
    if len(skipped) > encoding.max_skipped * records:
        raise DataError(
            f"{raw}: {len(skipped)} of {records} records cannot be used, the first is "
            f"{skipped[0].record}: {skipped[0].reason}; check the archive or raise max_skipped "
            f"= {encoding.max_skipped}"
        )
    kept, twins = merge_twins(pieces, encoding.max_shared_ngrams)
    splits = split_pieces(kept, encoding.splits)
    for split, members in splits.items():
        write_sequences(encoded, split, FIELD, (to_ids(piece.grid) for piece in members), IDS)
        write_json(encoded / f"{split}.pieces.json", [piece.name for piece in members])
    dropped = Counter(reason for _, reason in skipped) + Counter({"near-duplicate": len(twins)})
    return {
        "shape": SHAPE.model_dump(),
        "splits": {split: _counts(members) for split, members in splits.items()},
        "dropped": dict(dropped),
        "skipped": [skip._asdict() for skip in skipped[:_LISTED]],
        "near_duplicates": [twin._asdict() for twin in twins],
        "test_pieces_whose_melody_is_in_training": count_shared_melodies(
            splits["test"], splits["train"], encoding.max_shared_ngrams
        ),
        "notes": sum(piece.notes for piece in kept),
        "notes_off_grid": sum(piece.off_grid for piece in kept),
        "sixteenths": _percentiles([len(piece.grid) for piece in kept]),
    }


def split_pieces(pieces: Sequence[Piece], splits: Splits) -> dict[Split, list[Piece]]:
    """Draw the test and validation pieces; each split keeps the order of `pieces`.

    Raises DataError if a split would be empty.
    """
    order = np.random.default_rng([splits.seed]).permutation(len(pieces))
    test = round(splits.test * len(pieces))
    validation = test + round(splits.validation * len(pieces))
    drawn = {
        "train": order[validation:],
        "validation": order[test:validation],
        "test": order[:test],
    }
    for split in SPLITS:
        if len(drawn[split]) == 0:
            raise DataError(
                f"encoding.splits: {len(pieces)} pieces leave the split {split!r} empty; "
                "use more pieces or another share"
            )
    return {split: [pieces[index] for index in sorted(drawn[split])] for split in SPLITS}


def _counts(pieces: Sequence[Piece]) -> dict[str, int]:
    return {"records": len(pieces), "tokens": sum(piece.grid.size for piece in pieces)}


def _percentiles(lengths: Sequence[int]) -> dict[str, int]:
    """The spread of the lengths of pieces; each value is the length of a piece."""
    at = {"shortest": 0, "median": 50, "longest": 100}
    return {
        name: int(np.percentile(lengths, percent, method="lower")) for name, percent in at.items()
    }

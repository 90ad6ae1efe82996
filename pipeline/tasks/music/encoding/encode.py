"""Pieces to ids: chorales on a grid, performances as events."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import write_sequences
from pipeline.files import write_json
from pipeline.tasks.music.codec import FIELD
from pipeline.tasks.music.codec.grid import IDS, SHAPE, to_ids
from pipeline.tasks.music.encoding.performances import encode_performances
from pipeline.tasks.music.encoding.piece import LISTED, Piece, check_skipped
from pipeline.tasks.music.encoding.read import read_pieces
from pipeline.tasks.music.encoding.splits import split_pieces
from pipeline.tasks.music.encoding.twins import count_shared_melodies, merge_twins
from pipeline.tasks.music.settings import ChoraleEncoding, MusicEncoding, PerformanceEncoding


def encode(raw: Path, encoded: Path, encoding: MusicEncoding) -> dict[str, Any]:
    """Write the pieces under `raw` as ids into `encoded` and return this task's manifest.

    Writes `<split>.tokens` and, in the same order, the names in `<split>.pieces.json`. `tokens`
    counts what is predicted: all ids but START. Raises DataError if more than
    `encoding.max_skipped` of the records cannot be used or a split would be empty.
    """
    match encoding:
        case ChoraleEncoding():
            return encode_chorales(raw, encoded, encoding)
        case PerformanceEncoding():
            return encode_performances(raw, encoded, encoding)


def encode_chorales(raw: Path, encoded: Path, encoding: ChoraleEncoding) -> dict[str, Any]:
    """Read the chorales, merge near-duplicates, split by piece, write."""
    pieces, skipped = read_pieces(raw, encoding.reader)
    check_skipped(raw, skipped, len(pieces) + len(skipped), encoding.max_skipped)
    kept, twins = merge_twins(pieces, encoding.max_shared_ngrams)
    splits = split_pieces(kept, encoding.splits)
    for split, members in splits.items():
        write_sequences(encoded, split, FIELD, (to_ids(piece.grid) for piece in members), IDS)
        write_json(encoded / f"{split}.pieces.json", [piece.name for piece in members])
    dropped = Counter(reason for _, reason in skipped) + Counter({"near-duplicate": len(twins)})
    return {
        "representation": encoding.representation,
        "shape": SHAPE.model_dump(),
        "splits": {split: _counts(members) for split, members in splits.items()},
        "dropped": dict(dropped),
        "skipped": [skip._asdict() for skip in skipped[:LISTED]],
        "near_duplicates": [twin._asdict() for twin in twins],
        "test_pieces_whose_melody_is_in_training": count_shared_melodies(
            splits["test"], splits["train"]
        ),
        "notes": sum(piece.notes for piece in kept),
        "notes_off_grid": sum(piece.off_grid for piece in kept),
        "sixteenths": _percentiles([len(piece.grid) for piece in kept]),
    }


def _counts(pieces: Sequence[Piece]) -> dict[str, int]:
    return {"records": len(pieces), "tokens": sum(piece.grid.size for piece in pieces)}


def _percentiles(lengths: Sequence[int]) -> dict[str, int]:
    """The spread of the lengths of pieces; each value is the length of a piece."""
    at = {"shortest": 0, "median": 50, "longest": 100}
    return {
        name: int(np.percentile(lengths, percent, method="lower")) for name, percent in at.items()
    }

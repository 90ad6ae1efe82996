"""Pieces to ids: chorales on a grid, performances as events, tunes as melodies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.encoding.tally import Tally
from pipeline.tasks.music.codec.grid import IDS, SHAPE, to_ids
from pipeline.tasks.music.encoding.near_duplicates import (
    chord_ngrams,
    count_shared_melodies,
    merge_near_duplicates,
)
from pipeline.tasks.music.encoding.performances import encode_performances
from pipeline.tasks.music.encoding.piece import Piece
from pipeline.tasks.music.encoding.read import read_pieces
from pipeline.tasks.music.encoding.splits import keep_share, split_pieces, write_pieces
from pipeline.tasks.music.encoding.tunes import encode_tunes
from pipeline.tasks.music.settings import (
    ChoraleEncoding,
    MusicEncoding,
    PerformanceEncoding,
    TuneEncoding,
)


def encode(raw: Path, encoded: Path, encoding: MusicEncoding) -> dict[str, Any]:
    """Write the pieces under `raw` as ids into `encoded`; return the task's part of the manifest.

    Writes `<split>.tokens` and, in the same order, the names in `<split>.pieces.json`. `tokens`
    counts what is predicted: all ids but START. DataError if more than `encoding.max_skipped` of
    the records cannot be used, or a split is left empty.
    """
    match encoding:
        case ChoraleEncoding():
            return encode_chorales(raw, encoded, encoding)
        case PerformanceEncoding():
            return encode_performances(raw, encoded, encoding)
        case TuneEncoding():
            return encode_tunes(raw, encoded, encoding)


def encode_chorales(raw: Path, encoded: Path, encoding: ChoraleEncoding) -> dict[str, Any]:
    """Read the chorales, merge near-duplicates, split by piece, write."""
    tally = Tally()
    pieces = list(tally.usable(read_pieces(raw, encoding.reader)))
    tally.check(raw, encoding.max_skipped)
    kept, merged = merge_near_duplicates(
        pieces, lambda piece: chord_ngrams(piece.grid), encoding.max_shared_ngrams
    )
    tally.dropped.update("near-duplicate" for _ in merged)
    splits = split_pieces(raw, kept, encoding.splits)
    training = keep_share(splits["train"], encoding.training_share)
    if left_out := len(splits["train"]) - len(training):
        tally.dropped["not in the share for training"] = left_out
    splits["train"] = training
    write_pieces(encoded, splits, lambda piece: to_ids(piece.grid), IDS)
    return {
        "representation": encoding.representation,
        "shape": SHAPE.model_dump(),
        "splits": {split: _counts(members) for split, members in splits.items()},
        "dropped": {**tally.dropped, **tally.skipped},
        "skipped": tally.listing(),
        "near_duplicates": [near_duplicate._asdict() for near_duplicate in merged],
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
    """The shortest, median and longest piece; each value is the length of a piece."""
    at = {"shortest": 0, "median": 50, "longest": 100}
    return {
        name: int(np.percentile(lengths, percent, method="lower")) for name, percent in at.items()
    }

"""Performances to ids: read, split by piece, write."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.encoding.tally import Tally
from pipeline.tasks.music.codec.events import IDS, SHAPE, seconds_of
from pipeline.tasks.music.encoding.midi_files import find_midi
from pipeline.tasks.music.encoding.midi_reader import Performance, read_performances
from pipeline.tasks.music.encoding.midi_repairs import Repair
from pipeline.tasks.music.encoding.splits import split_pieces, write_pieces
from pipeline.tasks.music.settings import PerformanceEncoding

_LISTED = 1000  # repaired records that are named in the manifest


def encode_performances(raw: Path, encoded: Path, encoding: PerformanceEncoding) -> dict[str, Any]:
    """Write the performances under `raw` as events; as `encode` of the chorales."""
    files, tally = find_midi(raw, encoding.reader), Tally()
    found = read_performances(files, encoding.workers, 60 * encoding.max_minutes)
    pieces = list(tally.usable(found.values()))
    tally.check(raw, encoding.max_skipped)
    splits = split_pieces(raw, pieces, encoding.splits)
    write_pieces(encoded, splits, lambda piece: piece.ids, IDS)
    return {
        "representation": encoding.representation,
        "shape": SHAPE.model_dump(),
        "splits": {split: _counts(members) for split, members in splits.items()},
        "dropped": dict(tally.skipped),
        "skipped": tally.listing(),
        "notes": sum(piece.notes for piece in pieces),
        "repairs": sum((piece.repairs for piece in pieces), Counter[Repair]()),
        "repaired": [
            {"record": piece.name, "repairs": piece.repairs} for piece in pieces if piece.repairs
        ][:_LISTED],
    }


def _counts(pieces: Sequence[Performance]) -> dict[str, int | float]:
    return {
        "records": len(pieces),
        "tokens": sum(len(piece.ids) - 1 for piece in pieces),
        "hours": round(sum(seconds_of(piece.ids) for piece in pieces) / 3600, 3),
    }

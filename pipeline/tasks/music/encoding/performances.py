"""Performances to ids: read, split by piece, write."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.corpus import write_sequences
from pipeline.files import write_json
from pipeline.tasks.music.codec import FIELD
from pipeline.tasks.music.codec.events import IDS, SHAPE, seconds_of
from pipeline.tasks.music.encoding.midi_files import find_midi
from pipeline.tasks.music.encoding.midi_reader import Performance, read_performances
from pipeline.tasks.music.encoding.piece import LISTED, Skipped, check_skipped
from pipeline.tasks.music.encoding.splits import split_pieces
from pipeline.tasks.music.settings import PerformanceEncoding


def encode_performances(raw: Path, encoded: Path, encoding: PerformanceEncoding) -> dict[str, Any]:
    """Write the performances under `raw` as events; as `encode` of the chorales."""
    files = find_midi(raw, encoding.reader)
    outcomes = read_performances(files, encoding.workers, 60 * encoding.max_minutes)
    skipped = [Skipped(name, why) for name, why in outcomes.items() if isinstance(why, str)]
    check_skipped(raw, skipped, len(files), encoding.max_skipped)
    pieces = [each for each in outcomes.values() if isinstance(each, Performance)]
    splits = split_pieces(pieces, encoding.splits)
    for split, members in splits.items():
        write_sequences(encoded, split, FIELD, (piece.ids for piece in members), IDS)
        write_json(encoded / f"{split}.pieces.json", [piece.name for piece in members])
    return {
        "representation": encoding.representation,
        "shape": SHAPE.model_dump(),
        "splits": {split: _counts(members) for split, members in splits.items()},
        "dropped": dict(Counter(reason for _, reason in skipped)),
        "skipped": [skip._asdict() for skip in skipped[:LISTED]],
        "notes": sum(piece.notes for piece in pieces),
    }


def _counts(pieces: Sequence[Performance]) -> dict[str, int | float]:
    return {
        "records": len(pieces),
        "tokens": sum(len(piece.ids) - 1 for piece in pieces),
        "hours": round(sum(seconds_of(piece.ids) for piece in pieces) / 3600, 3),
    }

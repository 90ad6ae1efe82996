"""The arcs of the lecture's animation: from a note to the earlier notes that a head attends to."""

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DataError
from pipeline.files import read_json


@dataclass(frozen=True)
class Arcs:
    """The arcs of a piece as JSON for the script, and the numbers of layers and heads."""

    notes: str  # JSON: [[start_seconds, end_seconds, pitch, voice], ...]
    arcs: str  # JSON: [[note, earlier_note, layer, head, weight], ...]
    layers: int
    heads: int


def read_arcs(records: Path, piece: str) -> Arcs | None:
    """Read the arcs of a piece, None if none were recorded; DataError if they are damaged."""
    path = records / f"{Path(piece).stem}.arcs.json"
    if not path.exists():
        return None
    content = read_json(path)
    try:
        notes, arcs = content["notes"], content["arcs"]
        if not all(0 <= end < len(notes) for note, earlier, *_ in arcs for end in (note, earlier)):
            raise ValueError("an arc ends at no note")
        return Arcs(_compact(notes), _compact(arcs), int(content["layers"]), int(content["heads"]))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: {error}; run `dvc repro evaluate@{records.parent.name}`"
        ) from None


def _compact(value: list[list[float]]) -> str:
    return json.dumps(value, separators=(",", ":"))

"""What translating networks attend to: maps as small pictures, and the numbers for the script."""

import io
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from PIL import Image

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.data_uri import data_uri
from pipeline.reporting.results import Result

_INK = (72, 122, 236)  # legible on a light and on a dark page; the weight is its opacity
_ALIKE = 1000  # weights are written as whole numbers, thousandths


class Kind(StrEnum):
    """Which attention: its queries and its keys."""

    ENCODER = "encoder"  # source, source
    DECODER = "decoder"  # target, target up to the query
    CROSS = "cross"  # target, source


@dataclass(frozen=True)
class Map:
    """One layer, the mean of its heads: a picture with a pixel per query (row) and key (column)."""

    uri: str
    queries: int
    keys: int


@dataclass(frozen=True)
class Attention:
    """The attention of a run on some test sentences; `maps` are those of the first of them."""

    result: Result
    sentence: str
    maps: dict[Kind, list[Map]]  # by layer
    sentences: str  # JSON, as the evaluate stage wrote it


def read_attention(result: Result) -> Attention | None:
    """Read the attention of a run, None where none was recorded; DataError if it is damaged."""
    path = result.records / "attention.json"
    if not path.exists():
        return None
    sentences = read_json(path)["sentences"]
    if not sentences:
        return None
    try:
        maps = {kind: [_map(layer) for layer in sentences[0][kind]] for kind in Kind}
        source = _text(sentences[0]["source"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {error}; run `dvc repro evaluate@{result.name}`") from None
    return Attention(result, source, maps, _compact(sentences))


def _text(pieces: list[str]) -> str:
    """The text of `pieces`, the last of which ends the sentence."""
    return "".join(pieces[:-1]).replace("▁", " ").strip()


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _map(layer: list[list[list[int]]]) -> Map:
    """The mean of the heads of `layer` (head, query, key)."""
    weights = np.asarray(layer, np.float64).mean(axis=0) / _ALIKE
    queries, keys = weights.shape
    pixels = np.empty((queries, keys, 4), np.uint8)
    pixels[..., :3] = _INK
    pixels[..., 3] = np.round(255 * np.sqrt(weights.clip(0, 1)))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return Map(data_uri("image/png", buffer.getvalue()), queries, keys)

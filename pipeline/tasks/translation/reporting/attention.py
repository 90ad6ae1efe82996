"""Attention of translation networks: maps as small images, and weights as JSON for the script."""

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

_COLOUR = (72, 122, 236)  # legible on a light and on a dark page; opacity shows the weight
PER_MILLE = 1000  # unit of the recorded weights


class Kind(StrEnum):
    """The kinds of attention."""

    ENCODER = "encoder"  # source to source
    DECODER = "decoder"  # target to target, causal
    CROSS = "cross"  # target to source


@dataclass(frozen=True)
class Map:
    """The mean of the heads of a layer: an image with a row per query and a column per key."""

    uri: str
    queries: int
    keys: int


@dataclass(frozen=True)
class Attention:
    """The attention of a run on some test sentences, with maps of the first one."""

    result: Result
    sentence: str
    maps: dict[Kind, list[Map]]  # by layer
    recorded: list[dict[str, Any]]  # by sentence: pieces, and weights (layer, head, query, key)

    @property
    def sentences(self) -> str:
        """JSON for the script."""
        return json.dumps(self.recorded, ensure_ascii=False, separators=(",", ":"))


def read_attention(result: Result) -> Attention | None:
    """Read the attention of a run, None if none was recorded; DataError if it is damaged."""
    path = result.records / "attention.json"
    if not path.exists():
        return None
    sentences = read_json(path)["sentences"]
    if not sentences:
        return None
    try:
        maps = {kind: [_map(layer) for layer in sentences[0][kind]] for kind in Kind}
        source = text(sentences[0]["source"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {error}; run `dvc repro evaluate@{result.name}`") from None
    return Attention(result, source, maps, sentences)


def text(pieces: list[str]) -> str:
    """Join `pieces`, the last of which is EOS, to text."""
    return "".join(pieces[:-1]).replace("▁", " ").strip()


def _map(layer: list[list[list[int]]]) -> Map:
    """Draw the mean of the heads of `layer` (head, query, key), in per mille."""
    weights = np.asarray(layer, np.float64).mean(axis=0) / PER_MILLE
    queries, keys = weights.shape
    pixels = np.empty((queries, keys, 4), np.uint8)
    pixels[..., :3] = _COLOUR
    pixels[..., 3] = np.round(255 * np.sqrt(weights.clip(0, 1)))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return Map(data_uri("image/png", buffer.getvalue()), queries, keys)

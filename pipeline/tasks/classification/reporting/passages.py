"""Passages shaded by what a head, or a hop, looks at."""

import json
from dataclasses import dataclass
from math import sqrt
from typing import Any

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.results import Result

SHADES = 4  # classes shade-1 and on in style.css


@dataclass(frozen=True)
class Passage:
    """A passage, and how dark each layer's head makes each piece: 0 to SHADES."""

    pieces: list[str]
    name: str  # of its class
    predicted: str
    probability: float
    first: list[int]  # shades of the first head of the last layer
    shades: str  # JSON for the script: (layer, head, piece)


@dataclass(frozen=True)
class Shown:
    """The passages of a run with attention."""

    result: Result
    heads: list[int]  # of each layer
    is_hops: bool
    passages: list[Passage]


def read_shown(result: Result) -> Shown | None:
    """Read the passages of a run; None without attention; DataError if the file is damaged."""
    path = result.records / "passages.json"
    content = read_json(path)
    try:
        passages = [_passage(each) for each in content["passages"]]
        layers = content["passages"][0]["weights"]
        heads = [len(layer) for layer in layers]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"{path}: {error!r}; run `dvc repro evaluate@{result.name}`") from None
    if not heads:
        return None
    return Shown(result, heads, hasattr(result.run.model, "pooling"), passages)


def _passage(content: dict[str, Any]) -> Passage:
    shades = [[shades_of(weights) for weights in layer] for layer in content["weights"]]
    return Passage(
        content["pieces"],
        content["class"],
        content["predicted"],
        content["probability"],
        shades[-1][0] if shades else [0] * len(content["pieces"]),
        json.dumps(shades, separators=(",", ":")),
    )


def shades_of(weights: list[int]) -> list[int]:
    """Return the shade of each weight: by its square root, the largest is the darkest."""
    most = max(weights)
    return [round(SHADES * sqrt(weight / most)) if most else 0 for weight in weights]

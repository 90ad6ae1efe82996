"""How much of the positions reaches each layer of the translators that recorded it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import DataError
from pipeline.reporting.results import Result


@dataclass(frozen=True)
class Layer:
    """What one layer of the encoder does with positions."""

    probe_r2: float  # R² of a linear probe of the position
    near_diagonal: float | None  # share of self-attention on itself and its neighbours


@dataclass(frozen=True)
class Recorded:
    """A run, its embeddings and its layers, and what uniform attention has on its sentences."""

    result: Result
    layers: list[Layer]
    chance: float  # near the diagonal


@dataclass(frozen=True)
class Positions:
    """The runs that recorded positions."""

    runs: list[Recorded]

    @property
    def depth(self) -> int:
        """Layers of the deepest run."""
        return max(len(each.layers) for each in self.runs) - 1


def read_positions(results: Sequence[Result]) -> Positions | None:
    """The runs that recorded it, None if there are none; DataError if one is damaged."""
    recorded = [result for result in results if result.metrics.get("positions")]
    if not recorded:
        return None
    return Positions([_read(result) for result in recorded])


def _read(result: Result) -> Recorded:
    # The chance depends on how long the sentences are, which all layers read.
    chance = _number(result, "layer_1", "near_diagonal_chance")
    return Recorded(result, _layers(result), chance)


def _layers(result: Result) -> list[Layer]:
    first, *others = sorted(result.metrics["positions"], key=lambda name: int(name[6:]))
    layers = [Layer(_number(result, first, "probe_r2"), None)]
    for name in others:
        layers.append(Layer(*(_number(result, name, key) for key in ("probe_r2", "near_diagonal"))))
    return layers


def _number(result: Result, layer: str, key: str) -> float:
    value: Any = result.metrics["positions"].get(layer, {}).get(key)
    if not isinstance(value, float):
        raise DataError(
            f"{result.metrics_path}: {result.section}.positions.{layer}.{key} = {value!r} is not "
            f"a number; run `dvc repro evaluate@{result.name}`"
        )
    return value

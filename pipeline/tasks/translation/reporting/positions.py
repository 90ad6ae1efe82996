"""Position measurements of translation runs, by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import DataError
from pipeline.reporting.results import Result


@dataclass(frozen=True)
class Layer:
    """Measurements of one encoder layer."""

    probe_r2: float  # R² of a linear probe of the position
    near_diagonal: float | None  # share of self-attention on the query and its neighbours


@dataclass(frozen=True)
class RunPositions:
    """Measurements of a run."""

    result: Result
    layers: list[Layer]  # the embeddings, then the encoder layers
    chance: float  # near_diagonal of uniform attention on the same sentences


@dataclass(frozen=True)
class Positions:
    """Measurements of the runs that have them."""

    runs: list[RunPositions]

    @property
    def depth(self) -> int:
        """The number of layers of the deepest run."""
        return max(len(run.layers) for run in self.runs) - 1


def read_positions(results: Sequence[Result]) -> Positions | None:
    """Read the measurements of all runs, None if there are none; DataError if they are damaged."""
    recorded = [result for result in results if result.metrics.get("positions")]
    if not recorded:
        return None
    return Positions([_read(result) for result in recorded])


def _read(result: Result) -> RunPositions:
    # Chance depends only on the lengths of the sentences: it is the same for all layers.
    chance = _number(result, "layer_1", "near_diagonal_chance")
    return RunPositions(result, _layers(result), chance)


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

"""Look up the numbers that a claim compares."""

from functools import reduce
from pathlib import Path
from typing import Any

from pipeline.errors import DataError
from pipeline.judging.claims import Benchmarked, Measurement, Searched
from pipeline.judging.judgements import Value
from pipeline.judging.measured import BENCHMARKS, Measured, metrics_path

Number = Measurement | Searched | Benchmarked | float


def value_of(number: Number, measured: Measured) -> Value:
    """Return a number with its interval, if any; DataError names the file that lacks it."""
    match number:
        case Measurement(name=name, paths=paths):
            content, file = measured.metrics[name], metrics_path(name)
            values = [_at(content, path, file) for path in paths]
            low, high = _interval(content, paths, file)
            return Value(value=sum(values) / len(values), low=low, high=high)
        case Searched():
            value = searched(number, measured)
        case Benchmarked(benchmark=benchmark, key=key):
            value = _at(measured.benchmarks[benchmark], key, BENCHMARKS)
        case _:
            value = number
    return Value(value=value, low=None, high=None)


def searched(search: Searched, measured: Measured) -> float | None:
    """Return the tokenised BLEU of a search; None if these settings are not in the grid."""
    settings = search.beam_size, search.length_penalty
    parts = measured.metrics[search.name].values()
    try:
        rows = [row for part in parts for row in part.get("search_grid", [])]
        bleu = {(row["beam_size"], row["length_penalty"]): row["tokenised_bleu"] for row in rows}
    except (KeyError, TypeError, AttributeError):
        raise DataError(
            f"{metrics_path(search.name)}: search_grid is not a list of searches; "
            f"run `dvc repro evaluate@{search.name}`"
        ) from None
    return bleu.get(settings)


def _interval(
    content: dict[str, Any], paths: list[str], file: Path
) -> tuple[float, float] | tuple[None, None]:
    """Return the 95 % interval of a number, if any; a mean of several numbers has none."""
    ends = [f"{paths[0]}_{end}" for end in ("low", "high")]
    if len(paths) > 1 or any(_find(content, end) is None for end in ends):
        return None, None
    low, high = (_at(content, end, file) for end in ends)
    return low, high


def _at(content: dict[str, Any], path: str, file: Path) -> float:
    """Return the number at a dotted path of `content`, read from `file`."""
    value = _find(content, path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{file}: {path} = {value!r} is not a number; make it again, `dvc repro`")
    return float(value)


def _find(content: dict[str, Any], path: str) -> Any:
    try:
        return reduce(lambda part, key: part[key], path.split("."), content)
    except (KeyError, TypeError):
        return None

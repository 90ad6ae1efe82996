"""Look up the numbers that a claim compares."""

from functools import reduce
from pathlib import Path
from typing import Any

from pipeline.errors import DataError
from pipeline.judging.claims import Benchmarked, Measurement
from pipeline.judging.measured import BENCHMARKS, Measured, metrics_path

Number = Measurement | Benchmarked | float


def value_of(number: Number, measured: Measured) -> float:
    """Return a number; DataError names the file that lacks it."""
    match number:
        case Measurement(name=name, path=path):
            return _at(measured.metrics[name], path, metrics_path(name))
        case Benchmarked(benchmark=benchmark, key=key):
            return _at(measured.benchmarks[benchmark], key, BENCHMARKS)
        case _:
            return number


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

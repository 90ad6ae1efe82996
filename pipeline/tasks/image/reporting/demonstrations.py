"""Reads the figures of image demonstrations, as data URIs, and their numbers."""

import io
import math
from collections.abc import Sequence
from typing import Any

from PIL import Image

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.data_uri import data_uri
from pipeline.reporting.demonstrations import Demonstration, Picture
from pipeline.reporting.results import MEASUREMENTS, RUNS, Result
from pipeline.reporting.section import EQUIVARIANCE, SELF_SIMILARITY
from pipeline.tasks.image.demonstrations.settings import Equivariance, SelfSimilarity
from pipeline.tasks.image.reporting.learned import read_learned

_DENOISING = ("original", "noisy", "averaged", "denoised")
_TEXTURE = ("sample", "texture")
_WEIGHTS = ("weights_1", "weights_2", "weights_3")
_SHIFTS = ("placed", "moved")
_TABLES = ("sequence", "image")


def read_demonstration(
    name: str, settings: SelfSimilarity | Equivariance, results: Sequence[Result]
) -> Demonstration:
    """Read a demonstration; DataError names the file that is missing or damaged."""
    numbers = read_json(MEASUREMENTS / f"{name}.json").get("demonstration", {})
    match settings:
        case SelfSimilarity():
            pictures = _self_similarity(name, numbers)
            tables = {"weights": _weights(name, numbers)}
            sample = RUNS / name / "figures" / "sample.png"
            learned = read_learned(settings.texture.photograph, sample, results)
            return Demonstration(name, settings, pictures, tables, learned, SELF_SIMILARITY)
        case Equivariance():
            pictures = {title: _read_picture(name, title, None) for title in _SHIFTS}
            tables = _equivariance(name, settings, numbers)
            return Demonstration(name, settings, pictures, tables, [], EQUIVARIANCE)


def _self_similarity(name: str, numbers: dict[str, Any]) -> dict[str, Picture]:
    pictures = {}
    for title in _DENOISING + _TEXTURE + _WEIGHTS:
        psnr = None
        if title in _DENOISING[1:]:
            psnr = _number(name, numbers, title)
        pictures[title] = _read_picture(name, title, psnr)
    return pictures


def _weights(name: str, numbers: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the query of each picture of weights, its own weight, and how spread out they are."""
    return {
        title: {
            key: _number(name, numbers, "weights", title, key)
            for key in ("row", "column", "own", "patches")
        }
        for title in _WEIGHTS
    }


def _equivariance(
    name: str, settings: Equivariance, numbers: dict[str, Any]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return the mean difference by table, network and transformation."""
    transformations = [*(f"shift_{shift}" for shift in settings.shifts), "mirrored"]
    return {
        table: {
            network: {
                transformation: _number(name, numbers, table, network, transformation, "mean")
                for transformation in transformations
            }
            for network in numbers.get(table, {})
        }
        for table in _TABLES
    }


def _number(name: str, numbers: dict[str, Any], *path: str) -> float:
    value: Any = numbers
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(
            f"{MEASUREMENTS / name}.json: demonstration.{'.'.join(path)} = {value!r} is not a "
            f"number; run `dvc repro demonstrate@{name}`"
        )
    return value


def _read_picture(name: str, title: str, psnr: float | None) -> Picture:
    path = RUNS / name / "figures" / f"{title}.png"
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.verify()
            size = image.width
    except (OSError, SyntaxError) as error:
        raise DataError(
            f"{path}: not a PNG image ({error}); run `dvc repro demonstrate@{name}`"
        ) from None
    return Picture(data_uri("image/png", content), size, psnr)

"""Runs a demonstration on crops of photographs."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline import config
from pipeline.encoding.archives import only_archive
from pipeline.errors import ConfigError, DataError
from pipeline.tasks.image.demonstrations.equivariance.demonstration import (
    demonstrate as demonstrate_equivariance,
)
from pipeline.tasks.image.demonstrations.selfsimilarity.crops import denoise_crops
from pipeline.tasks.image.demonstrations.selfsimilarity.demonstration import (
    demonstrate as demonstrate_self_similarity,
)
from pipeline.tasks.image.demonstrations.settings import Equivariance, SelfSimilarity
from pipeline.tasks.image.encoding.photographs import read_photograph
from pipeline.tasks.image.encoding.picture import PictureError


def demonstrate(
    raw: Path, settings: SelfSimilarity | Equivariance
) -> tuple[dict[str, np.ndarray], dict[str, Any], dict[str, dict[str, float]]]:
    """Return figures (height, width[, 3]) of intensities 0..255, metrics, and statistics of crops.

    All are by name; statistics are empty if nothing is tested. Raises DataError if a photograph
    cannot be read from the wheel in `raw`, and ConfigError if a crop is not inside of it.
    """
    match settings:
        case SelfSimilarity(denoising=denoising, texture=texture):
            crop = _crop(raw, denoising.photograph, denoising.top, denoising.left, denoising.size)
            sample = _crop(raw, texture.photograph, texture.top, texture.left, texture.sample)
            figures, numbers = demonstrate_self_similarity(crop, sample, settings)
            return figures, numbers, _test_denoising(raw, settings)
        case Equivariance():
            crop = _crop(raw, settings.photograph, settings.top, settings.left, settings.size)
            return *demonstrate_equivariance(crop, settings), {}


def _test_denoising(raw: Path, settings: SelfSimilarity) -> dict[str, dict[str, float]]:
    names = settings.denoising.tests.photographs
    photographs = {name: _photograph(raw, name) for name in names}
    try:
        return denoise_crops(photographs, settings.denoising, settings.seed)
    except ValueError as error:
        raise ConfigError(f"{config.PARAMS}: {error}") from None


def _photograph(raw: Path, name: str) -> np.ndarray:
    """Read a photograph (height, width, 3)."""
    try:
        return read_photograph(only_archive(raw, "*.whl"), name)
    except PictureError as error:
        raise DataError(f"{raw}: {name}: {error}; run the download stage again") from None


def _crop(raw: Path, name: str, top: int, left: int, size: int) -> np.ndarray:
    """Return a square (size, size, 3) of a photograph."""
    photograph = _photograph(raw, name)
    crop = photograph[top : top + size, left : left + size]
    if crop.shape[:2] != (size, size):
        height, width = photograph.shape[:2]
        raise ConfigError(
            f"{config.PARAMS}: a square of {size} pixels at top = {top}, left = {left} is not "
            f"inside {name} of {height} rows and {width} columns; move it or use a smaller one"
        )
    return crop

"""The demonstrations of images: the piece of a photograph that each is made of."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline import config
from pipeline.encoding.archives import only_archive
from pipeline.errors import ConfigError, DataError
from pipeline.tasks.image.demonstrations.equivariance.demonstration import (
    demonstrate as demonstrate_equivariance,
)
from pipeline.tasks.image.demonstrations.selfsimilarity.demonstration import (
    demonstrate as demonstrate_self_similarity,
)
from pipeline.tasks.image.demonstrations.settings import Equivariance, SelfSimilarity
from pipeline.tasks.image.encoding.photographs import read_photograph
from pipeline.tasks.image.encoding.picture import PictureError


def demonstrate(
    raw: Path, settings: SelfSimilarity | Equivariance
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return figures (height, width[, 3]) of intensities 0..255 by name, and the numbers.

    Raises DataError if the photograph cannot be read from the wheel in `raw`, and ConfigError if a
    piece does not lie inside of it.
    """
    match settings:
        case SelfSimilarity(denoising=denoising, texture=texture):
            piece = _piece(raw, denoising.photograph, denoising.top, denoising.left, denoising.size)
            sample = _piece(raw, texture.photograph, texture.top, texture.left, texture.sample)
            return demonstrate_self_similarity(piece, sample, settings)
        case Equivariance():
            piece = _piece(raw, settings.photograph, settings.top, settings.left, settings.size)
            return demonstrate_equivariance(piece, settings)


def _piece(raw: Path, name: str, top: int, left: int, size: int) -> np.ndarray:
    """A square (size, size, 3) of a photograph."""
    try:
        photograph = read_photograph(only_archive(raw, "*.whl"), name)
    except PictureError as error:
        raise DataError(f"{raw}: {name}: {error}; run the download stage again") from None
    piece = photograph[top : top + size, left : left + size]
    if piece.shape[:2] != (size, size):
        height, width = photograph.shape[:2]
        raise ConfigError(
            f"{config.PARAMS}: a square of {size} pixels at top = {top}, left = {left} is not "
            f"inside {name}, which has {height} rows and {width} columns; move it or use a smaller"
        )
    return piece

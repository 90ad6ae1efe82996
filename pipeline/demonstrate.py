"""Stage demonstrate: what the lecture shows without training, as figures and numbers.

Reads data/raw/<dataset>, writes runs/<demonstration>/figures and
reports/metrics/<demonstration>.json.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline import config
from pipeline.console import run_stage
from pipeline.encoding.archives import only_archive
from pipeline.equivariance.demonstration import demonstrate as demonstrate_equivariance
from pipeline.errors import ConfigError, DataError
from pipeline.files import staged_folder, write_atomically, write_json
from pipeline.selfsimilarity.demonstration import demonstrate as demonstrate_self_similarity
from pipeline.settings.demonstrations import Equivariance, SelfSimilarity
from pipeline.tasks.image.encoding.photographs import read_photograph
from pipeline.tasks.image.encoding.picture import PictureError


def main(name: str) -> None:
    """Make the demonstration `name` of params.yaml."""
    settings = config.demonstration_of(config.load(), name)
    raw = Path("data/raw") / settings.dataset
    match settings:
        case SelfSimilarity(denoising=denoising, texture=texture):
            piece = _piece(raw, denoising.photograph, denoising.top, denoising.left, denoising.size)
            sample = _piece(raw, texture.photograph, texture.top, texture.left, texture.sample)
            figures, numbers = demonstrate_self_similarity(piece, sample, settings)
        case Equivariance():
            piece = _piece(raw, settings.photograph, settings.top, settings.left, settings.size)
            figures, numbers = demonstrate_equivariance(piece, settings)
    with staged_folder(Path("runs") / name / "figures") as folder:
        for title, pixels in figures.items():
            write_atomically(folder / f"{title}.png", _png(pixels))
    write_json(Path("reports/metrics") / f"{name}.json", {"demonstration": numbers})


def _piece(raw: Path, name: str, top: int, left: int, size: int) -> np.ndarray:
    """A square (size, size, 3) of a photograph; ConfigError if it does not lie inside."""
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


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.rint(pixels.clip(0, 255)).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    run_stage(main, __doc__, "demonstration")

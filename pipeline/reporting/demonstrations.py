"""What demonstrations wrote: figures as data URIs, and their numbers."""

import io
import math
from dataclasses import dataclass

from PIL import Image

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.data_uri import data_uri
from pipeline.reporting.results import METRICS, RUNS
from pipeline.settings.demonstrations import SelfSimilarity

_DENOISING = ("original", "noisy", "averaged", "denoised")
_TEXTURE = ("sample", "texture")


@dataclass(frozen=True)
class Picture:
    """A figure, in its own pixels."""

    uri: str
    size: int  # pixels, high and wide
    psnr: float | None  # dB, where there is an original


@dataclass(frozen=True)
class Demonstration:
    """The figures of non-local means and of texture synthesis, by name."""

    name: str
    settings: SelfSimilarity
    pictures: dict[str, Picture]


def read_demonstration(name: str, settings: SelfSimilarity) -> Demonstration:
    """Read a demonstration; DataError names the file that is missing or damaged."""
    path = METRICS / f"{name}.json"
    numbers = read_json(path)
    pictures = {}
    for title in _DENOISING + _TEXTURE:
        psnr = None
        if title in _DENOISING[1:]:
            psnr = numbers.get("demonstration", {}).get(title)
            if not isinstance(psnr, float) or not math.isfinite(psnr):
                raise DataError(
                    f"{path}: demonstration.{title} = {psnr!r} is not a number; "
                    f"run `dvc repro demonstrate@{name}`"
                )
        pictures[title] = _read_picture(name, title, psnr)
    return Demonstration(name, settings, pictures)


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

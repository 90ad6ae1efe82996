"""Stage demonstrate: figures and numbers of the lecture that need no training.

Reads data/raw/<dataset>, writes runs/<demonstration>/figures and, as
reports/measurements/<demonstration>.json, numbers and statistics of crops that a claim compares.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from models.settings import Numerics
from pipeline import config
from pipeline.determinism import compute_deterministically
from pipeline.files import staged_folder, write_atomically, write_json
from pipeline.tasks import part


def main(name: str) -> None:
    """Make the demonstration `name` of params.yaml."""
    settings = config.demonstration_of(config.load(), name)
    compute_deterministically(1, Numerics.REPRODUCIBLE)
    raw = Path("data/raw") / settings.dataset
    demonstrate = part(settings.task, "demonstrations.demonstrate").demonstrate
    figures, numbers, crops = demonstrate(raw, settings)
    with staged_folder(Path("runs") / name / "figures") as folder:
        for title, pixels in figures.items():
            write_atomically(folder / f"{title}.png", _png(pixels))
    metrics = {"demonstration": numbers} | ({settings.task: {"crops": crops}} if crops else {})
    write_json(Path("reports/measurements") / f"{name}.json", metrics)


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.rint(pixels.clip(0, 255)).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()

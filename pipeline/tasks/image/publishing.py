"""Publishes the images of runs."""

import base64
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from models.shared.order import generation_order
from pipeline.files import read_json
from pipeline.publishing.drawing import PANEL, colours
from pipeline.publishing.publication import Player, Publication
from pipeline.reporting.results import Result
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.reporting.completed import Completed
from pipeline.tasks.image.reporting.grids import read_grid

if TYPE_CHECKING:  # it imports torch
    from models.shared.base import Model

_PLAYING = Path(__file__).with_name("playing")
_DESCRIPTION = "samples.json"  # of the grids in the same folder


def write_samples(result: Result, folder: Path) -> None:
    """Copy the grids and their description."""
    for kind in read_json(result.samples / _DESCRIPTION):
        read_grid(result.samples, kind)  # checks it
        shutil.copy(result.samples / f"{kind}.png", folder)
    shutil.copy(result.samples / _DESCRIPTION, folder)


def command(result: Result) -> str:
    """Return the shell command that samples with the run; super-resolution: that decodes."""
    if result.run.decoding.samples_per_class is None:
        return f"python -m pipeline decode {result.name}    # enlarges the test images"
    return f"paint --run {result.name} --class 0 -o out.png"


def write_player(model: "Model", encoded: Path, folder: Path) -> dict[str, Any]:
    """Copy the script; return size, levels and classes of an image, and the order of its pixels."""
    shutil.copy(_PLAYING / "section.js", folder)
    codec = ImageCodec.of(model.shape)
    return {
        "height": codec.height,
        "width": codec.width,
        "levels": codec.levels,
        "classes": codec.classes,
        "order": generation_order(model.settings, model.shape.layout),
    }


def draw(completed: Completed) -> Image.Image:
    """Draw as many completed images as a panel holds: what was given, completed, the original."""
    grid = Image.open(io.BytesIO(base64.b64decode(completed.uri.partition(",")[2])))
    scale = PANEL[1] / grid.height
    gap = -grid.width % completed.columns  # between images, and none after the last
    step = (grid.width + gap) // completed.columns
    count = min(completed.columns, int((PANEL[0] / scale + gap) / step))
    shown = grid.convert("RGB").crop((0, 0, count * step - gap, grid.height))
    panel = Image.new("RGB", PANEL, colours()["page"])
    panel.paste(shown.resize((round(shown.width * scale), PANEL[1]), Image.Resampling.BOX))
    return panel


PUBLICATION = Publication(
    write_samples=write_samples,
    command=command,
    player=Player((_PLAYING,), write_player),
    draw=draw,
)

"""A user's own pictures: a folder of files, with a sub-folder for each class."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.encoding.folders import visible_below
from pipeline.tasks.base import OwnData, splits_of_few
from pipeline.tasks.image.settings import ImageReader, Resize

FILES = "pictures, with a sub-folder for each class"
EXAMPLE = "image_local_2d"  # the run of the default scale that a user's begins with
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
_SIDE = 16  # pixels: four times as many as the digits have, each with three channels
_LEVELS = 256  # of a channel
_MAX_SKIPPED = 0.1


def own_data(source: Path, encoding: Mapping[str, Any]) -> OwnData | None:
    """Describe the pictures below `source`, reduced to _SIDE x _SIDE; None if there are none."""
    files = [path for path in visible_below(source) if path.suffix.lower() in _SUFFIXES]
    if not files:
        return None
    of_class = Counter(path.relative_to(source).parent.as_posix() for path in files)
    return OwnData(
        f"{len(files):,} pictures",
        _LEVELS,
        {
            "reader": ImageReader.FOLDER.value,
            "height": _SIDE,
            "width": _SIDE,
            "channels": 3,
            "levels": _LEVELS,
            "resize": Resize.CROP_AND_RESIZE.value,
            "max_skipped": _MAX_SKIPPED,
            "splits": splits_of_few(encoding["splits"], min(of_class.values())),
        },
    )

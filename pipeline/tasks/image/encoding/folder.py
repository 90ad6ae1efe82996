"""A folder of one's own pictures."""

from pathlib import Path

import numpy as np

from pipeline.errors import DataError
from pipeline.tasks.image.encoding.picture import PictureError, fit, read_picture
from pipeline.tasks.image.encoding.raw import Images, RawImages, Unreadable, most_classes
from pipeline.tasks.image.settings import FolderEncoding

_RECORD = "source.json"  # what the download stage wrote beside the pictures


def read_folder(raw: Path, encoding: FolderEncoding) -> RawImages:
    """Read every picture: the sub-folders, sorted by name, are the classes; without any, one.

    Beside sub-folders a picture of `raw` itself has no class, and is not used. DataError if there
    are more classes than ids for them.
    """
    classes = sorted(path.name for path in raw.iterdir() if path.is_dir())
    if len(classes) > (most := most_classes(encoding.levels)):
        raise DataError(
            f"{raw}: {len(classes)} sub-folders, each a class, but there are ids for {most}; "
            "make fewer in the folder that source.path names"
        )
    pictures, labels, unreadable = [], [], []
    for path in sorted(path for path in raw.rglob("*") if path.is_file()):
        record = path.relative_to(raw)
        if record.as_posix() == _RECORD:
            continue
        try:
            if classes and len(record.parts) == 1:
                raise PictureError("in no class's folder")
            image = read_picture(path.read_bytes(), encoding.channels)
            pictures.append(fit(image, encoding))
            labels.append(classes.index(record.parts[0]) if classes else 0)
        except PictureError as error:
            unreadable.append(Unreadable(record.as_posix(), str(error)))
    size = encoding.height, encoding.width, encoding.channels
    pixels = np.array(pictures, np.uint8).reshape(-1, *size)
    images = Images.single(pixels, np.array(labels, np.int64))
    return RawImages(encoding.levels, max(1, len(classes)), {"train": images}, unreadable)

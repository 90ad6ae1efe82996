"""A folder of pictures."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.encoding.folders import hidden_files, is_folder, is_hidden, visible_below
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.picture import MAX_FILE_BYTES, PictureError, fit, read_picture
from pipeline.tasks.image.encoding.raw import Image, RawImages, most_classes
from pipeline.tasks.image.settings import FolderEncoding

_RECORD = "source.json"  # what the download stage wrote beside the pictures


def read_folder(raw: Path, encoding: FolderEncoding) -> RawImages:
    """Read every picture: the sub-folders, sorted by name, are the classes; without any, one.

    Hidden files and folders are left out. Beside sub-folders a picture in `raw` itself has no
    class, and is skipped; links are followed to files inside of `raw` only. An image is a cluster
    of its own. The manifest names the classes and counts the hidden files. DataError if there are
    more classes than ids for them.
    """
    folders = [path for path in raw.iterdir() if is_folder(path) and not is_hidden(path)]
    classes = sorted(path.name for path in folders)
    if len(classes) > (most := most_classes(encoding.levels)):
        raise DataError(
            f"{raw}: {len(classes)} sub-folders, each a class, but there are ids for {most}; "
            "make fewer in the folder that source.path names"
        )
    splits = {"train": _records(raw, classes, encoding)}
    facts = {"classes": classes, "hidden_files": hidden_files(raw)}
    return RawImages(encoding.levels, max(1, len(classes)), splits, facts=facts)


def _records(raw: Path, classes: list[str], encoding: FolderEncoding) -> Iterator[Image | Skipped]:
    for number, path in enumerate(visible_below(raw)):
        name = path.relative_to(raw)
        if name.as_posix() != _RECORD:
            yield read_or_skip(name.as_posix(), _image, number, path, raw, classes, encoding)


def _image(
    number: int, path: Path, raw: Path, classes: list[str], encoding: FolderEncoding
) -> Image:
    _check_file(path, raw)
    folders = path.relative_to(raw).parts[:-1]
    if classes and not folders:
        raise PictureError("in no class's folder")
    pixels = fit(read_picture(_content(path), encoding.channels), encoding)
    return Image(pixels, classes.index(folders[0]) if classes else 0, number)


def _check_file(path: Path, raw: Path) -> None:
    if not path.exists():
        raise PictureError("a link to nothing")
    if path.is_symlink() and not path.resolve().is_relative_to(raw.resolve()):
        raise PictureError("a link that leads out of the folder")
    if not path.is_file():  # nothing that blocks when it is opened, and no circle of folders
        raise PictureError("not a file")


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)

"""Data sets of the hub: tables with a column of image files and one of classes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.corpus import SPLITS
from pipeline.encoding.parquet import read_rows
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.picture import PictureError, fit, read_picture
from pipeline.tasks.image.encoding.raw import Image, RawImages, most_classes
from pipeline.tasks.image.settings import ParquetEncoding

_BATCH_ROWS = 1000


def read_parquet(raw: Path, encoding: ParquetEncoding) -> RawImages:
    """Read `<split>.parquet` of every split that there is, a thousand rows at a time.

    There are as many classes as the largest label says; a row with a label for which there is no id
    is skipped. An image is a cluster of its own.
    """
    paths = {split: raw / f"{split}.parquet" for split in SPLITS}
    if not paths["train"].is_file():
        raise DataError(f"{raw}: no train.parquet; run the download stage again")
    splits = {
        split: _records(path, encoding, None if split == "train" else encoding.max_held_out)
        for split, path in paths.items()
        if path.is_file()
    }
    return RawImages(encoding.levels, None, splits)


def _records(path: Path, encoding: ParquetEncoding, most: int | None) -> Iterator[Image | Skipped]:
    """Yield rows until there are `most` images among them."""
    columns = [encoding.image_column, encoding.label_column or encoding.image_column]
    parameters = "encoding.image_column and encoding.label_column"
    images = 0
    for number, cells in enumerate(read_rows(path, columns, _BATCH_ROWS, parameters)):
        if images == most:
            break
        record = read_or_skip(f"{path.stem} row {number}", _image, number, cells, encoding)
        images += isinstance(record, Image)
        yield record


def _image(number: int, cells: tuple[Any, Any], encoding: ParquetEncoding) -> Image:
    pixels = fit(read_picture(_content(cells[0]), encoding.channels), encoding)
    return Image(pixels, _label(cells[1], encoding), number)


def _content(cell: Any) -> bytes:
    """The hub stores a picture as its file, or as a struct of the file's bytes and path."""
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(content, bytes):
        raise PictureError("no bytes of a picture")
    return content


def _label(cell: Any, encoding: ParquetEncoding) -> int:
    if encoding.label_column is None:
        return 0
    if not isinstance(cell, int) or cell < 0:
        raise PictureError("no class")
    if cell >= (most := most_classes(encoding.levels)):
        raise PictureError(f"a class above {most - 1}")
    return cell

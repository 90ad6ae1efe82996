"""Data sets of the hub: tables with a column of image files and one of classes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.corpus import SPLITS
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.picture import PictureError, fit, read_picture
from pipeline.tasks.image.encoding.raw import (
    Image,
    RawImages,
    Record,
    Unreadable,
    most_classes,
)
from pipeline.tasks.image.settings import ParquetEncoding

_BATCH_ROWS = 1000


def read_parquet(raw: Path, encoding: ParquetEncoding) -> RawImages:
    """Read `<split>.parquet` of every split that there is, a thousand rows at a time.

    There are as many classes as the largest label says; a label for which there is no id makes
    its row unreadable.
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


def _records(path: Path, encoding: ParquetEncoding, most: int | None) -> Iterator[Record]:
    """The rows as far as there are `most` images in them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [encoding.image_column, encoding.label_column or encoding.image_column]
    try:
        # A buffer of what will be read would hold the whole file in the end.
        with pq.ParquetFile(path, pre_buffer=False) as file:
            missing = set(columns) - set(file.schema_arrow.names)
            if missing:
                raise DataError(
                    f"{path}: no column {min(missing)} among {', '.join(file.schema_arrow.names)}; "
                    "correct image_column and label_column in params.yaml"
                )
            images = 0
            for number, cells in enumerate(_rows(file, columns)):
                if images == most:
                    break
                record = _record(f"{path.stem} row {number}", number, cells, encoding)
                images += isinstance(record, Image)
                yield record
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path}: cannot be read ({reason}); run the download stage again"
        ) from None


def _rows(file: Any, columns: list[str]) -> Iterator[tuple[Any, Any]]:
    for batch in file.iter_batches(_BATCH_ROWS, columns=list(dict.fromkeys(columns))):
        yield from zip(*(batch[name].to_pylist() for name in columns), strict=True)


def _record(name: str, number: int, cells: tuple[Any, Any], encoding: ParquetEncoding) -> Record:
    try:
        pixels = fit(read_picture(_content(cells[0]), encoding.channels), encoding)
        return Image(pixels, _label(cells[1], encoding), number)
    except PictureError as error:
        return Unreadable(name, str(error))


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

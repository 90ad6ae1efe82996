"""Data sets of the hub: tables with a column of image files and one of classes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import SPLITS, Split
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.picture import PictureError, fit, read_picture
from pipeline.tasks.image.encoding.raw import Images, RawImages, Unreadable, most_classes
from pipeline.tasks.image.settings import ParquetEncoding

_BATCH_ROWS = 1000


def read_parquet(raw: Path, encoding: ParquetEncoding) -> RawImages:
    """Read `<split>.parquet` of every split that there is, a thousand rows at a time.

    There are as many classes as the largest label says; a label for which there is no id makes
    its row unreadable.
    """
    splits: dict[Split, Images] = {}
    unreadable: list[Unreadable] = []
    for split in SPLITS:
        if (path := raw / f"{split}.parquet").is_file():
            limit = None if split == "train" else encoding.max_held_out
            splits[split] = _read_split(path, encoding, limit, unreadable)
    if "train" not in splits:
        raise DataError(f"{raw}: no train.parquet; run the download stage again")
    labels = np.concatenate([images.labels for images in splits.values()])
    classes = 1 + int(labels.max(initial=0))
    return RawImages(encoding.levels, classes, splits, unreadable)


def _read_split(
    path: Path, encoding: ParquetEncoding, limit: int | None, unreadable: list[Unreadable]
) -> Images:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [encoding.image_column, encoding.label_column or encoding.image_column]
    try:
        with pq.ParquetFile(path) as file:
            missing = set(columns) - set(file.schema_arrow.names)
            if missing:
                raise DataError(
                    f"{path}: no column {min(missing)} among {', '.join(file.schema_arrow.names)}; "
                    "correct image_column and label_column in params.yaml"
                )
            rows = file.metadata.num_rows if limit is None else min(limit, file.metadata.num_rows)
            size = rows, encoding.height, encoding.width, encoding.channels
            pixels, labels, kept = np.empty(size, np.uint8), np.zeros(rows, np.int64), 0
            for number, row in enumerate(_rows(file, columns)):
                if kept == rows:
                    break
                try:
                    pixels[kept] = fit(read_picture(_content(row[0]), encoding.channels), encoding)
                    labels[kept] = _label(row[1], encoding)
                    kept += 1
                except PictureError as error:
                    unreadable.append(Unreadable(f"{path.stem} row {number}", str(error)))
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path}: cannot be read ({reason}); run the download stage again"
        ) from None
    return Images.single(pixels[:kept], labels[:kept])


def _rows(file: Any, columns: list[str]) -> Iterator[tuple[Any, Any]]:
    for batch in file.iter_batches(_BATCH_ROWS, columns=list(dict.fromkeys(columns))):
        yield from zip(*(batch[name].to_pylist() for name in columns), strict=True)


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

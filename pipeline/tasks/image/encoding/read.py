"""Raw data to images."""

from dataclasses import replace
from pathlib import Path

from pipeline.tasks.image.encoding.backgrounds import read_backgrounds
from pipeline.tasks.image.encoding.digits import read_digits
from pipeline.tasks.image.encoding.folder import read_folder
from pipeline.tasks.image.encoding.parquet import read_parquet
from pipeline.tasks.image.encoding.photographs import read_photographs
from pipeline.tasks.image.encoding.raw import RawImages
from pipeline.tasks.image.settings import (
    BackgroundsEncoding,
    DigitsEncoding,
    FolderEncoding,
    ImageEncoding,
    ParquetEncoding,
    PhotographsEncoding,
)


def read(raw: Path, encoding: ImageEncoding) -> RawImages:
    """Open the images of the files in `raw`; DataError if the files are missing or damaged."""
    match encoding:
        case DigitsEncoding(classes=classes):
            return replace(read_digits(raw), classes=classes)
        case PhotographsEncoding():
            return read_photographs(raw, encoding)
        case BackgroundsEncoding():
            return read_backgrounds(raw, encoding)
        case ParquetEncoding():
            return read_parquet(raw, encoding)
        case FolderEncoding():
            return read_folder(raw, encoding)

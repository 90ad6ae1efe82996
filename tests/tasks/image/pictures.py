"""Small image files, and settings to read them."""

import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image as Pillow

from pipeline.corpus import Split
from pipeline.encoding.records import Skipped
from pipeline.settings.base import Splits
from pipeline.tasks.image.encoding.raw import Image, RawImages
from pipeline.tasks.image.settings import (
    BackgroundsEncoding,
    FolderEncoding,
    ImageReader,
    ParquetEncoding,
    PhotographsEncoding,
    Resize,
)

WHOLE = {"validation": 0.0, "test": 0.0, "seed": 1}
FORM = {"height": 32, "width": 32, "channels": 3, "levels": 256, "resize": Resize.NONE}


def folder_encoding(max_skipped=1.0, splits=WHOLE, **form) -> FolderEncoding:
    """Colour pictures of 32x32 pixels, or others."""
    return FolderEncoding(
        reader=ImageReader.FOLDER, max_skipped=max_skipped, splits=Splits(**splits), **(FORM | form)
    )


def parquet_encoding(splits=WHOLE, **form) -> ParquetEncoding:
    """The same from parquet files, all of it or the first held-out ones."""
    columns = {"image_column": "image", "label_column": "label", "max_held_out": None}
    return ParquetEncoding(
        reader=ImageReader.PARQUET,
        max_skipped=1.0,
        splits=Splits(**splits),
        **(FORM | columns | form),
    )


def photographs_encoding(photographs, patch=16, splits=WHOLE) -> PhotographsEncoding:
    """Patches of tiles of 128 pixels."""
    return PhotographsEncoding(
        reader=ImageReader.SKIMAGE_PHOTOGRAPHS,
        photographs=photographs,
        tile=128,
        patch=patch,
        levels=256,
        max_skipped=1.0,
        splits=Splits(**splits),
    )


def backgrounds_encoding(photographs, reduce, splits=WHOLE, max_skipped=1.0) -> BackgroundsEncoding:
    """Patches of 8 pixels of tiles of 16."""
    return BackgroundsEncoding(
        reader=ImageReader.MATE_BACKGROUNDS,
        photographs=photographs,
        reduce=reduce,
        tile=16,
        patch=8,
        levels=256,
        max_skipped=max_skipped,
        splits=Splits(**splits),
    )


def noise(height=32, width=32, channels=3, seed=0) -> np.ndarray:
    """Pixels that no other seed has."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def file_of(pixels: np.ndarray | Pillow.Image, form="PNG", **options) -> bytes:
    """An image file."""
    image = pixels if isinstance(pixels, Pillow.Image) else Pillow.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@dataclass(frozen=True)
class Pictures:
    """Intensities `pixels` (image, height, width, channels) and classes `labels` (image,)."""

    pixels: np.ndarray
    labels: list[int]


def everything(source: RawImages) -> tuple[dict[Split, Pictures], list[Skipped]]:
    """The images of a source by split, and its other records."""
    records = {split: list(records) for split, records in source.splits.items()}
    images = {
        split: [each for each in found if isinstance(each, Image)]
        for split, found in records.items()
    }
    pictures = {
        split: Pictures(np.array([each.pixels for each in found]), [each.label for each in found])
        for split, found in images.items()
    }
    every = [each for found in records.values() for each in found]
    return pictures, [each for each in every if isinstance(each, Skipped)]


def write_parquet(path, files, labels=None, image="image", label="label") -> None:
    """A split as the hub stores it: structs of the file's bytes and its path."""
    columns = {image: [{"bytes": content, "path": None} for content in files]}
    if labels is not None:
        columns[label] = labels
    pq.write_table(pa.table(columns), path)

"""Images to sequences of ids, in splits that share no image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import Split, write_clusters, write_sequences
from pipeline.encoding.duplicates import Seen
from pipeline.encoding.splits import check_not_empty, draw_splits
from pipeline.encoding.tally import Tally
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.encoding.raw import IDS
from pipeline.tasks.image.encoding.read import read
from pipeline.tasks.image.encoding.stored import Images, PixelFile, store
from pipeline.tasks.image.settings import ImageEncoding

_PIXELS = "pixels.partial"  # of all images, while they are encoded


def encode(raw: Path, encoded: Path, encoding: ImageEncoding) -> dict[str, Any]:
    """Write field `pixels` of every split into `encoded`; return the task's part of the manifest.

    Held-out splits have their clusters: the tile that a patch is cut from, or the image's number in
    its source. In memory are a few numbers of each image, and the pixels of one. DataError if more
    than `encoding.max_skipped` of the records cannot be used, or a split is left empty.
    """
    source, tally = read(raw, encoding), Tally()
    with (encoded / _PIXELS).open("w+b") as file:
        pixels = PixelFile(file, encoding.size)
        given = {
            split: store(tally.usable(records), pixels) for split, records in source.splits.items()
        }
        tally.check(raw, encoding.max_skipped)
        if not len(given["train"]):
            raise DataError(f"{raw}: no image could be read; run the download stage again")
        codec = ImageCodec(*encoding.size, source.levels, source.classes or _classes(given))
        given, duplicates = without_duplicates(given)
        splits = cut_out(given, encoding.splits)
        check_not_empty(raw, splits)
        for split, images in splits.items():
            write_sequences(encoded, split, "pixels", _ids(images, codec, pixels), IDS)
            if split != "train":
                names = map(source.cluster_name, images.clusters.tolist())
                write_clusters(encoded, split, names)
    (encoded / _PIXELS).unlink()
    return {
        "shape": codec.shape.model_dump(),
        "splits": {split: _describe(images, codec) for split, images in splits.items()},
        "dropped": {"exact duplicate of an earlier image": duplicates, **tally.skipped},
        "skipped": tally.listing(),
        **source.facts,
    }


def without_duplicates(splits: dict[Split, Images]) -> tuple[dict[Split, Images], int]:
    """Drop the training images that equal a held-out one or an earlier one; count them.

    Held-out splits that come with the data stay whole: published numbers are of all of them.
    """
    seen = Seen()
    for split, images in splits.items():
        if split != "train":
            seen.add(images.digests)
    new = seen.add(splits["train"].digests)
    return splits | {"train": splits["train"].take(new)}, int((~new).sum())


def cut_out(given: dict[Split, Images], splits: Splits) -> dict[Split, Images]:
    """Give each split that is not `given` its share of the training images, stratified by class.

    Clusters stay whole; the order of images stays.
    """
    train = given["train"]
    drawn = draw_splits(train.clusters, splits, strata=train.labels, given=given)
    cut = {split: train.take(which) for split, which in drawn.items()}
    return cut | {split: images for split, images in given.items() if split != "train"}


def _classes(given: dict[Split, Images]) -> int:
    return 1 + max(int(images.labels.max(initial=0)) for images in given.values())


def _ids(images: Images, codec: ImageCodec, pixels: PixelFile) -> Iterator[np.ndarray]:
    """Yield the ids of image after image."""
    labels = images.labels % codec.classes  # 0 for all if the codec has one class
    for label, index in zip(labels, images.indices, strict=True):
        yield codec.encode(label, pixels.read(index))


def _describe(images: Images, codec: ImageCodec) -> dict[str, Any]:
    return {
        "records": len(images),
        "tokens": len(images) * codec.dimensions,
        "records_per_class": np.bincount(
            images.labels % codec.classes, minlength=codec.classes
        ).tolist(),
    }

"""Images to sequences of ids, in splits that share no image."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import SPLITS, Split, write_sequences
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.encoding.raw import IDS, RawImages, Unreadable
from pipeline.tasks.image.encoding.read import read
from pipeline.tasks.image.encoding.stored import Images, PixelFile, store
from pipeline.tasks.image.settings import ImageEncoding

_PIXELS = "pixels.partial"  # of all images, while they are encoded
_LISTED = 1000  # unreadable records that are named in the manifest


def encode(raw: Path, encoded: Path, encoding: ImageEncoding) -> dict[str, Any]:
    """Write field `pixels` of every split into `encoded` and return this task's manifest.

    In memory are a few numbers of each image, and the pixels of one. DataError if more than
    `encoding.max_skipped` of the records are unreadable, or a split is left without images.
    """
    source = read(raw, encoding)
    with (encoded / _PIXELS).open("w+b") as file:
        pixels = PixelFile(file, encoding.size)
        given, unreadable = _store(source, pixels)
        _check_share_read(given, unreadable, encoding.max_skipped)
        codec = ImageCodec(*encoding.size, source.levels, source.classes or _classes(given))
        given, duplicates = without_duplicates(given)
        splits = cut_out(given, encoding.splits)
        for split, images in splits.items():
            if not len(images):
                raise DataError(
                    f"{raw}: split {split!r} has no images; enlarge its share in "
                    "datasets.*.encoding.splits"
                )
            write_sequences(encoded, split, "pixels", _ids(images, codec, pixels), IDS)
    (encoded / _PIXELS).unlink()
    return {
        "shape": codec.shape.model_dump(),
        "splits": {split: _describe(images, codec) for split, images in splits.items()},
        "dropped": {
            "exact duplicate of an earlier image": duplicates,
            **Counter(record.reason for record in unreadable),
        },
        "skipped": [record._asdict() for record in unreadable[:_LISTED]],
    }


def _store(source: RawImages, pixels: PixelFile) -> tuple[dict[Split, Images], list[Unreadable]]:
    """Read all records; the images, whose pixels are in `pixels` then, and the others."""
    given: dict[Split, Images] = {}
    unreadable: list[Unreadable] = []
    for split, records in source.splits.items():
        given[split], skipped = store(records, pixels)
        unreadable += skipped
    return given, unreadable


def without_duplicates(splits: dict[Split, Images]) -> tuple[dict[Split, Images], int]:
    """Drop the training images that equal a held-out one or an earlier one; count them.

    Held-out splits that come with the data stay whole: they are what published numbers are of.
    """
    train = splits["train"]
    held_out = [images.digests for split, images in splits.items() if split != "train"]
    _, first = np.unique(train.digests, return_index=True)
    new = np.zeros(len(train), bool)
    new[first] = True
    new &= ~np.isin(train.digests, np.concatenate([train.digests[:0], *held_out]))
    return splits | {"train": train.take(new)}, int((~new).sum())


def cut_out(given: dict[Split, Images], splits: Splits) -> dict[Split, Images]:
    """Give each split that is not `given` its share of every class of the training images.

    Units are drawn by the seed and stay whole; the order of images stays.
    """
    train = given["train"]
    chosen: dict[Split, list[np.ndarray]] = {split: [] for split in SPLITS}
    for label in np.unique(train.labels):
        of_class = np.flatnonzero(train.labels == label)
        units = np.unique(train.units[of_class])
        np.random.default_rng([splits.seed, label]).shuffle(units)
        tests = 0 if "test" in given else round(splits.test * len(units))
        validations = 0 if "validation" in given else round(splits.validation * len(units))
        drawn = np.split(units, [tests, tests + validations])
        for split, members in zip(("test", "validation", "train"), drawn, strict=True):
            chosen[split].append(of_class[np.isin(train.units[of_class], members)])
    nothing = np.empty(0, np.int64)
    cut = {
        split: train.take(np.sort(np.concatenate([nothing, *which])))
        for split, which in chosen.items()
    }
    return cut | {split: images for split, images in given.items() if split != "train"}


def _classes(given: dict[Split, Images]) -> int:
    return 1 + max(int(images.labels.max(initial=0)) for images in given.values())


def _ids(images: Images, codec: ImageCodec, pixels: PixelFile) -> Iterator[np.ndarray]:
    """The ids of image after image."""
    labels = images.labels % codec.classes  # all alike, where the codec has one class
    for label, place in zip(labels, images.places, strict=True):
        yield codec.encode(label, pixels.read(place))


def _check_share_read(
    given: dict[Split, Images], unreadable: list[Unreadable], max_skipped: float
) -> None:
    skipped = len(unreadable)
    records = skipped + sum(map(len, given.values()))
    if skipped > max_skipped * records:
        raise DataError(
            f"{skipped} of {records} records are unreadable, more than max_skipped = "
            f"{max_skipped}; the first is {unreadable[0].record}: {unreadable[0].reason}"
        )
    if not len(given["train"]):
        raise DataError("no image could be read; run the download stage again")


def _describe(images: Images, codec: ImageCodec) -> dict[str, Any]:
    return {
        "records": len(images),
        "tokens": len(images) * codec.dimensions,
        "records_per_class": np.bincount(
            images.labels % codec.classes, minlength=codec.classes
        ).tolist(),
    }

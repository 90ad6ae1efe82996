"""Images to sequences of ids, in splits that share no image."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import SPLITS, Split, write_sequences
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.encoding.raw import Images, RawImages
from pipeline.tasks.image.encoding.read import read
from pipeline.tasks.image.settings import ImageEncoding

_LISTED = 20


def encode(raw: Path, encoded: Path, encoding: ImageEncoding) -> dict[str, Any]:
    """Write field `pixels` of every split into `encoded` and return this task's manifest.

    DataError if more than `encoding.max_skipped` of the records are unreadable, or a split is left
    without images.
    """
    source = read(raw, encoding)
    _check_share_read(source, encoding.max_skipped)
    given, duplicates = without_duplicates(source.splits)
    splits = cut_out(given, encoding.splits)
    _, height, width, channels = splits["train"].pixels.shape
    codec = ImageCodec(height, width, channels, source.levels, source.classes)
    for split, images in splits.items():
        if not len(images):
            raise DataError(
                f"{raw}: split {split!r} has no images; enlarge its share in "
                "datasets.*.encoding.splits"
            )
        labels = images.labels % codec.classes  # all alike, where the codec has one class
        ids = codec.encode_all(labels, images.pixels)
        write_sequences(encoded, split, "pixels", ids, ids.dtype)
    return {
        "shape": codec.shape.model_dump(),
        "splits": {split: _describe(images, codec) for split, images in splits.items()},
        "dropped": {
            "exact duplicate of an earlier image": duplicates,
            **Counter(record.reason for record in source.unreadable),
        },
        "skipped": [record._asdict() for record in source.unreadable[:_LISTED]],
    }


def without_duplicates(splits: dict[Split, Images]) -> tuple[dict[Split, Images], int]:
    """Drop the training images that equal a held-out one or an earlier one; count them.

    Held-out splits that come with the data stay whole: they are what published numbers are of.
    """
    held_out = [images for split, images in splits.items() if split != "train"]
    seen = {_digest(pixels) for images in held_out for pixels in images.pixels}
    first = np.ones(len(splits["train"]), bool)
    for index, pixels in enumerate(splits["train"].pixels):
        digest = _digest(pixels)
        first[index] = digest not in seen
        seen.add(digest)
    return splits | {"train": splits["train"].take(first)}, int((~first).sum())


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


def _digest(pixels: np.ndarray) -> bytes:
    return hashlib.blake2b(pixels.tobytes(), digest_size=16).digest()


def _check_share_read(source: RawImages, max_skipped: float) -> None:
    skipped = len(source.unreadable)
    records = skipped + sum(map(len, source.splits.values()))
    if skipped == records or not len(source.splits["train"]):
        raise DataError("no image could be read; run the download stage again")
    if skipped > max_skipped * records:
        first = source.unreadable[0]
        raise DataError(
            f"{skipped} of {records} records are unreadable, more than max_skipped = "
            f"{max_skipped}; the first is {first.record}: {first.reason}"
        )


def _describe(images: Images, codec: ImageCodec) -> dict[str, Any]:
    return {
        "records": len(images),
        "tokens": len(images) * codec.dimensions,
        "records_per_class": np.bincount(
            images.labels % codec.classes, minlength=codec.classes
        ).tolist(),
    }

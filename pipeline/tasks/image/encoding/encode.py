"""Labelled images to sequences of ids, split by class."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import SPLITS, Split, write_sequences
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.encoding.read import LabelledImage, RawImages, read
from pipeline.tasks.image.settings import ImageEncoding

_LISTED = 20


def encode(raw: Path, encoded: Path, encoding: ImageEncoding) -> dict[str, Any]:
    """Write field `pixels` of every split into `encoded` and return this task's manifest.

    DataError if more than `encoding.max_skipped` of the records are unreadable, or a split is left
    without images.
    """
    source = read(raw, encoding.reader)
    _check_share_read(source, encoding.max_skipped)
    images = _without_duplicates(source.images)
    codec = ImageCodec(source.height, source.width, source.levels, source.classes)
    splits = split_by_class(images, encoding.splits)
    for split, members in splits.items():
        if not members:
            raise DataError(
                f"{raw}: split {split!r} has no images; enlarge its share in "
                "datasets.*.encoding.splits"
            )
        sequences = (codec.encode(image.label, image.pixels) for image in members)
        write_sequences(encoded, split, "pixels", sequences, np.dtype(np.uint16))
    return {
        "shape": codec.shape.model_dump(),
        "splits": {
            split: _describe(members, codec.height * codec.width, codec.classes)
            for split, members in splits.items()
        },
        "dropped": {
            "exact duplicate of an earlier image": len(source.images) - len(images),
            **Counter(record.reason for record in source.unreadable),
        },
        "skipped": [
            {"record": record.record, "reason": record.reason}
            for record in source.unreadable[:_LISTED]
        ],
    }


def split_by_class(images: list[LabelledImage], splits: Splits) -> dict[Split, list[LabelledImage]]:
    """Give each split its share of every class, drawn by the seed; the order of images stays."""
    chosen: dict[Split, list[int]] = {split: [] for split in SPLITS}
    labels = np.array([image.label for image in images], np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        np.random.default_rng([splits.seed, label]).shuffle(members)
        tests = round(splits.test * len(members))
        held_out = tests + round(splits.validation * len(members))
        chosen["test"].extend(members[:tests])
        chosen["validation"].extend(members[tests:held_out])
        chosen["train"].extend(members[held_out:])
    return {split: [images[index] for index in sorted(chosen[split])] for split in SPLITS}


def _check_share_read(source: RawImages, max_skipped: float) -> None:
    skipped = len(source.unreadable)
    records = skipped + len(source.images)
    if not source.images:
        raise DataError("no image could be read; run the download stage again")
    if skipped > max_skipped * records:
        first = source.unreadable[0]
        raise DataError(
            f"{skipped} of {records} records are unreadable, more than max_skipped = "
            f"{max_skipped}; the first is {first.record}: {first.reason}"
        )


def _without_duplicates(images: list[LabelledImage]) -> list[LabelledImage]:
    """Keep the first of equal images, so that none can stand in two splits."""
    first: dict[bytes, LabelledImage] = {}
    for image in images:
        first.setdefault(image.pixels.tobytes(), image)
    return list(first.values())


def _describe(images: list[LabelledImage], pixels: int, classes: int) -> dict[str, Any]:
    labels = [image.label for image in images]
    return {
        "records": len(images),
        "tokens": len(images) * pixels,
        "records_per_class": np.bincount(labels, minlength=classes).tolist(),
    }

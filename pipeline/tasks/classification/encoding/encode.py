"""Texts to passages of pieces with classes, in splits that share no page and no near twin."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from models.settings import DataShape, PassageLayout
from pipeline.corpus import SPLITS, Split, write_clusters, write_sequences
from pipeline.encoding.near_duplicates import JaccardIndex
from pipeline.encoding.pieces import learn_pieces
from pipeline.encoding.splits import check_not_empty, draw_splits
from pipeline.encoding.tally import Tally
from pipeline.encoding.words import count_words, tokens
from pipeline.errors import ConfigError
from pipeline.files import write_atomically
from pipeline.tasks.classification.codec import CLASS, MODEL, TOKENS, UNLABELLED, Codec
from pipeline.tasks.classification.codec.passages import Passage, write_passages
from pipeline.tasks.classification.encoding.cut import passages
from pipeline.tasks.classification.encoding.read import Page, read
from pipeline.tasks.classification.settings import ClassificationEncoding

_NO_CLASS = -1


class Reason(StrEnum):
    """Why a passage is dropped; the text is a key of the manifest."""

    SHORT = "shorter than min_words"
    SEVERAL_CLASSES = "in pages of several classes"
    REPEATED = "the same passage as an earlier one"
    NEAR_DUPLICATE = "near twin of a passage held out before"


def encode(raw: Path, encoded: Path, encoding: ClassificationEncoding) -> dict[str, Any]:
    """Write the fields of every split into `encoded`; return the task's part of the manifest.

    `tokens` are ids of pieces, `class` is a number; `<split>.passages.json` has the texts. Pages
    are drawn for the splits class by class; then validation drops what is too close to test, and
    training what is too close to either. Passages of other folders are split `unlabelled`, without
    a class. Pieces are learned from the training passages and these. DataError if more than
    `encoding.max_skipped` of the pages cannot be used, or a split is left empty.
    """
    tally = Tally()
    found = _passages(tally.usable(read(raw, encoding.reader)), encoding, tally)
    tally.check(raw, encoding.max_skipped)
    splits = _without_twins(_split(raw, found, encoding), encoding.near_twin_similarity, tally)
    check_not_empty(raw, {split: splits[split] for split in SPLITS})
    learned = [passage.text for passage in (*splits["train"], *splits.get(UNLABELLED, ()))]
    model = learn_pieces(learned, encoding.vocabulary_size)
    write_atomically(encoded / MODEL, model)
    codec = Codec(model)
    counts = {
        split: _write(encoded, split, members, codec, encoding) for split, members in splits.items()
    }
    layout = PassageLayout(classes=len(encoding.classes))
    return {
        "shape": DataShape(inputs=codec.size, outputs=codec.size, layout=layout).model_dump(),
        "splits": counts,
        "dropped": {**{reason.value: tally.dropped[reason] for reason in Reason}, **tally.skipped},
        "skipped": tally.listing(),
        "records_read": tally.read,
        "classes": encoding.classes,
        "passages_by_class": _by_class(splits, encoding.classes),
        "max_pieces": encoding.max_pieces,
    }


def _passages(
    pages: Iterable[Page], encoding: ClassificationEncoding, tally: Tally
) -> list[Passage]:
    """Cut pages; drop what is short, repeated, or of several classes.

    Raises ConfigError if a class has no page.
    """
    numbers = {name: number for number, name in enumerate(encoding.classes)}
    found: list[Passage] = []
    folders = set()
    for page in pages:
        folders.add(page.folder)
        number = numbers.get(page.folder, _NO_CLASS)
        for text in passages(page.paragraphs, encoding.min_words):
            found.append(Passage(page.name, text, number))
    if missing := [name for name in encoding.classes if name not in folders]:
        raise ConfigError(
            f"encoding.classes: no page is in {missing[0]!r}; folders are {sorted(folders)}"
        )
    return _distinct(found, encoding.min_words, tally)


def _distinct(found: Sequence[Passage], min_words: int, tally: Tally) -> list[Passage]:
    """Keep the first of equal passages, unless they have several classes."""
    classes: dict[str, set[int]] = defaultdict(set)
    for passage in found:
        classes[passage.text].add(passage.number)
    kept: dict[str, Passage] = {}
    for passage in found:
        reason = None
        if count_words(passage.text) < min_words:
            reason = Reason.SHORT
        elif len(classes[passage.text]) > 1:
            reason = Reason.SEVERAL_CLASSES
        elif passage.text in kept:
            reason = Reason.REPEATED
        if tally.keep(reason):
            kept[passage.text] = passage
    return list(kept.values())


def _split(
    raw: Path, found: Sequence[Passage], encoding: ClassificationEncoding
) -> dict[Split, list[Passage]]:
    """Draw the splits by page, class by class; what has no class is a split of its own."""
    labelled = [passage for passage in found if passage.number != _NO_CLASS]
    pages: dict[str, int] = {}
    groups = np.array([pages.setdefault(each.page, len(pages)) for each in labelled], np.int64)
    strata = np.array([passage.number for passage in labelled], np.int64)
    drawn = draw_splits(groups, encoding.splits, strata)
    splits = {split: [labelled[index] for index in drawn[split]] for split in SPLITS}
    check_not_empty(raw, splits)
    if rest := [passage for passage in found if passage.number == _NO_CLASS]:
        splits[UNLABELLED] = rest
    return splits


def _without_twins(
    splits: dict[Split, list[Passage]], similarity: float, tally: Tally
) -> dict[Split, list[Passage]]:
    """Drop near twins of held-out passages: of test first, then of validation too."""
    held_out = JaccardIndex(similarity)
    kept = {}
    for split in ("test", "validation", "train", UNLABELLED):
        if split not in splits:
            continue
        kept[split] = [
            passage
            for passage in splits[split]
            if tally.keep(
                Reason.NEAR_DUPLICATE if held_out.has_similar(tokens(passage.text)) else None
            )
        ]
        if split in ("test", "validation"):
            held_out.add(tokens(passage.text) for passage in kept[split])
    return {split: kept[split] for split in (*SPLITS, UNLABELLED) if split in kept}


def _write(
    encoded: Path,
    split: Split,
    members: Sequence[Passage],
    codec: Codec,
    encoding: ClassificationEncoding,
) -> dict[str, int]:
    """Write the fields of a split; return its counts."""
    rows = [np.array(codec.encode(each.text)[: encoding.max_pieces]) for each in members]
    write_sequences(encoded, split, TOKENS, rows, np.min_scalar_type(codec.size - 1))
    write_passages(encoded, split, members)
    counts = {
        "records": len(members),
        "tokens": sum(map(len, rows)),
        "pages": len({passage.page for passage in members}),
    }
    if split == UNLABELLED:
        return counts
    numbers = [np.array([each.number]) for each in members]
    write_sequences(encoded, split, CLASS, numbers, np.dtype("u1"))
    if split != "train":
        write_clusters(encoded, split, [passage.page for passage in members])
    return counts


def _by_class(
    splits: Mapping[Split, Sequence[Passage]], classes: Sequence[str]
) -> dict[str, dict[Split, int]]:
    """Count the passages of each class in each split."""
    counts = {split: Counter(each.number for each in splits[split]) for split in SPLITS}
    return {
        name: {split: counts[split][number] for split in SPLITS}
        for number, name in enumerate(classes)
    }

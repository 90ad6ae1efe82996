"""Parallel text to sequences of pieces, split so that the test is honest.

Groups (integrations) are dealt to the splits at random; then each split gives up what would leak
into a split held out before it: test is chosen first, validation next, training last. Splits that
come with the data are benchmarks: their validation and test sets, of which there may be several,
are only limited in length.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from models.settings import DataShape
from pipeline.corpus import SPLITS, Split, is_test, write_sequences
from pipeline.errors import ConfigError, DataError
from pipeline.settings.base import Splits
from pipeline.tasks.translation import codec
from pipeline.tasks.translation.encoding import clean
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.read import Pair, ParallelText, UnreadableRecord, open_text
from pipeline.tasks.translation.encoding.twins import HeldOut
from pipeline.tasks.translation.settings import TranslationEncoding

FIELDS = ("source", "target")
_CODEC_LINES = 2_000_000  # more text does not change the pieces much, but takes memory
_LISTED = 20


class Tally:
    """What was read, dropped and skipped."""

    def __init__(self) -> None:
        self.read = 0
        self.dropped: Counter[str] = Counter()
        self.skipped: list[dict[str, str]] = []

    def pairs(self, text: ParallelText, groups: Iterable[str]) -> Iterator[Pair]:
        """Yield the tidy pairs of `groups`; count the records that cannot be read."""
        for group in groups:
            for record, pairs in text.records(group):
                self.read += 1
                if isinstance(pairs, UnreadableRecord):
                    self.skipped.append({"record": record, "reason": str(pairs)})
                else:
                    yield from map(clean.tidy, pairs)

    def keep(self, reason: Reason | None) -> bool:
        """Count `reason`, if there is one to drop a pair; True if there is none."""
        if reason is not None:
            self.dropped[reason] += 1
        return reason is None

    def check(self, raw: Path, max_skipped: float) -> None:
        """Raise DataError if too large a share of the records was skipped."""
        if len(self.skipped) > max_skipped * self.read:
            first = self.skipped[0]
            raise DataError(
                f"{raw}: {len(self.skipped)} of {self.read} records cannot be read, more than "
                f"encoding.max_skipped = {max_skipped}; the first is {first['record']}: "
                f"{first['reason']}"
            )


def encode(raw: Path, encoded: Path, encoding: TranslationEncoding) -> dict:
    """Write the splits as text and as ids, and the codec; return the task's part of the manifest.

    DataError if the raw data is damaged or a split is left empty.
    """
    text, tally = open_text(raw, encoding), Tally()
    groups = _deal(text.groups, encoding.splits)
    held_out = HeldOut(encoding.near_twin_similarity)
    for split in (*filter(is_test, groups), "validation"):
        pairs = list(_held_out_pairs(tally.pairs(text, groups[split]), tally, encoding, held_out))
        held_out.add(pairs)
        _write_text(encoded, split, pairs)
    training = _training_pairs(tally.pairs(text, groups["train"]), tally, encoding, held_out)
    _write_text(encoded, "train", training)
    tally.check(raw, encoding.max_skipped)

    pieces = codec.train(_codec_text(encoded), encoding.vocabulary_size, encoded)
    splits = {split: _write_ids(encoded, split, pieces) for split in groups}
    for split in groups:
        splits[split]["groups"] = len(groups[split])
    return {
        "shape": DataShape.sequence(pieces.size, pieces.size).model_dump(),
        "splits": splits,
        "dropped": {reason.value: tally.dropped[reason] for reason in Reason},
        "skipped": tally.skipped[:_LISTED],
        "skipped_records": len(tally.skipped),
        "records_read": tally.read,
        "source_language": encoding.source_language,
        "target_language": encoding.target_language,
    }


def text_path(encoded: Path, split: Split, field: str) -> Path:
    """Name the file with the sentences of a split and field, one per line."""
    return encoded / f"{split}.{field}.txt"


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file without their ends."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


def _deal(groups: list[str], splits: Splits | None) -> dict[Split, list[str]]:
    """Assign groups to splits: by name if the data comes split, else at random by the seed."""
    if splits is None:
        if not set(SPLITS) <= set(groups):
            raise ConfigError("encoding.splits = null, but the data does not come split; set it")
        return {split: [split] for split in groups}
    if set(SPLITS) <= set(groups):
        raise ConfigError("encoding.splits is set, but the data comes split; set it to null")
    order = np.random.default_rng(splits.seed).permutation(len(groups))
    ends = np.cumsum([round(share * len(groups)) for share in (splits.test, splits.validation)])
    dealt = dict(zip(("test", "validation", "train"), np.split(order, ends), strict=True))
    return {split: [groups[index] for index in sorted(dealt[split])] for split in SPLITS}


def _held_out_pairs(
    pairs: Iterable[Pair], tally: Tally, encoding: TranslationEncoding, held_out: HeldOut
) -> Iterator[Pair]:
    """Yield the pairs that are fit for validation or test and do not leak into `held_out`."""
    sources: set[str] = set()
    for pair in pairs:
        reason = clean.flaw(pair, encoding.max_words)
        if reason is None and not clean.of_test_length(pair, encoding):
            reason = Reason.TEST_LENGTH
        if reason is None and encoding.splits is not None:
            if clean.untranslated(pair, encoding):
                reason = Reason.UNTRANSLATED
            elif clean.asks_to_copy(pair):
                reason = Reason.TO_COPY
            elif pair.source in sources:
                reason = Reason.TEST_REPEATED
            else:
                reason = held_out.leak(pair)
        if tally.keep(reason):
            sources.add(pair.source)
            yield pair


def _training_pairs(
    pairs: Iterable[Pair], tally: Tally, encoding: TranslationEncoding, held_out: HeldOut
) -> Iterator[Pair]:
    """Yield the pairs to train on, each once."""
    seen: set[Pair] = set()
    for pair in pairs:
        reason = clean.flaw(pair, encoding.max_words)
        if reason is None and clean.untranslated(pair, encoding):
            reason = Reason.UNTRANSLATED
        elif reason is None and pair in seen:
            reason = Reason.TRAIN_REPEATED
        elif reason is None:
            reason = held_out.leak(pair)
        if tally.keep(reason):
            seen.add(pair)
            yield pair


def _write_text(encoded: Path, split: Split, pairs: Iterable[Pair]) -> None:
    source, target = (text_path(encoded, split, field) for field in FIELDS)
    empty = True
    with (
        source.open("w", encoding="utf-8", newline="\n") as sources,
        target.open("w", encoding="utf-8", newline="\n") as targets,
    ):
        for pair in pairs:
            empty = False
            sources.write(f"{pair.source}\n")
            targets.write(f"{pair.target}\n")
    if empty:
        raise DataError(
            f"split {split!r} is empty: no pair passes encoding.max_words, min_test_words and "
            "max_test_words, or the share in encoding.splits is too small"
        )


def _codec_text(encoded: Path) -> Iterator[str]:
    """Yield training sentences of both languages, evenly thinned out if there are too many."""
    paths = [text_path(encoded, "train", field) for field in FIELDS]
    step = 1 + sum(1 for path in paths for _ in read_lines(path)) // _CODEC_LINES
    for path in paths:
        yield from islice(read_lines(path), 0, None, step)


def _write_ids(encoded: Path, split: Split, pieces: codec.Codec) -> dict[str, int]:
    dtype = np.min_scalar_type(pieces.size - 1)
    counts = {"records": 0, "tokens": 0}
    for field in FIELDS:
        lines = read_lines(text_path(encoded, split, field))
        ids = [np.array(pieces.encode(line), dtype) for line in lines]
        write_sequences(encoded, split, field, ids, dtype)
        counts["records"] = len(ids)
        counts[f"{field}_tokens"] = sum(map(len, ids))
        counts["tokens"] += counts[f"{field}_tokens"]
    return counts

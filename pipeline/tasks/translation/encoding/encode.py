"""Parallel text to sequences of pieces, split so that the test is honest.

Groups (integrations) are dealt to the splits at random; then each split gives up what would leak
into a split held out before it: test is chosen first, validation next, training last. Splits that
come with the data are benchmarks: their validation and test sets, of which there may be several,
are only limited in length.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import accumulate, chain, pairwise
from pathlib import Path
from random import Random

import numpy as np

from models.settings import DataShape, SequenceLayout
from pipeline.corpus import SPLITS, Split, is_test, read_sequences, write_sequences
from pipeline.errors import ConfigError, DataError
from pipeline.settings.base import Splits
from pipeline.tasks.translation import codec
from pipeline.tasks.translation.encoding import clean
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.letters import in_case
from pipeline.tasks.translation.encoding.read import (
    Pair,
    ParallelText,
    Record,
    UnreadableRecord,
    open_text,
)
from pipeline.tasks.translation.encoding.seen import Seen, hashes
from pipeline.tasks.translation.encoding.twins import HeldOut
from pipeline.tasks.translation.encoding.workers import batched, ordered_map
from pipeline.tasks.translation.settings import LetterCase, TranslationEncoding

FIELDS = ("source", "target")
_BATCH = 10_000  # records or lines that a worker gets at once
_LISTED = 1000


class Tally:
    """What was read, dropped and skipped."""

    def __init__(self) -> None:
        self.read = 0
        self.dropped: Counter[str] = Counter()
        self.skipped = 0
        self.listed: list[dict[str, str]] = []  # the first of those skipped

    def pairs(self, records: Iterable[Record]) -> Iterator[Pair]:
        """Yield the tidy pairs of `records`; count those that cannot be read."""
        for record, pairs in records:
            self.read += 1
            if isinstance(pairs, UnreadableRecord):
                self.skipped += 1
                self._list([{"record": record, "reason": str(pairs)}])
            else:
                yield from map(clean.tidy, pairs)

    def keep(self, reason: Reason | None) -> bool:
        """Count `reason`, if there is one to drop a pair; True if there is none."""
        if reason is not None:
            self.dropped[reason] += 1
        return reason is None

    def add(self, other: "Tally") -> None:
        """Count what a later part of the data gave."""
        self.read += other.read
        self.dropped += other.dropped
        self.skipped += other.skipped
        self._list(other.listed)

    def _list(self, skipped: list[dict[str, str]]) -> None:
        self.listed = (self.listed + skipped)[:_LISTED]

    def check(self, raw: Path, max_skipped: float) -> None:
        """Raise DataError if too large a share of the records was skipped."""
        if self.skipped > max_skipped * self.read:
            first = self.listed[0]
            raise DataError(
                f"{raw}: {self.skipped} of {self.read} records cannot be read, more than "
                f"encoding.max_skipped = {max_skipped}; the first is {first['record']}: "
                f"{first['reason']}"
            )


def encode(raw: Path, encoded: Path, encoding: TranslationEncoding) -> dict:
    """Write the splits as text and as ids, and the codec; return the task's part of the manifest.

    Nothing is held in memory but the held-out sentences, 8 bytes of each training pair, and the
    sentences that the pieces are learned from. DataError if the raw data is damaged or a split is
    left empty.
    """
    text, tally = open_text(raw, encoding), Tally()
    groups = _deal(text.groups, encoding.splits)
    held_out = HeldOut(encoding.near_twin_similarity)
    for split in (*filter(is_test, groups), "validation"):
        pairs = tally.pairs(_records(text, groups[split]))
        pairs = list(_held_out_pairs(pairs, tally, encoding, held_out))
        held_out.add(pairs)
        _write_text(encoded, split, pairs)
    records = _records(text, groups["train"])
    _write_text(encoded, "train", _training_pairs(records, tally, encoding, held_out))
    tally.check(raw, encoding.max_skipped)

    pieces = codec.train(_codec_text(encoded, encoding), encoding.vocabulary_size, encoded)
    splits = {}
    for split in groups:
        workers = encoding.workers if split == "train" else 1
        ids = _write_ids(encoded, split, pieces, encoding.letter_case, workers)
        splits[split] = ids | {"groups": len(groups[split])}
    return {
        "shape": DataShape(
            inputs=pieces.size, outputs=pieces.size, layout=SequenceLayout()
        ).model_dump(),
        "splits": splits,
        "dropped": {reason.value: tally.dropped[reason] for reason in Reason},
        "skipped": tally.listed,
        "skipped_records": tally.skipped,
        "records_read": tally.read,
        "source_language": encoding.source_language,
        "target_language": encoding.target_language,
        "letter_case": encoding.letter_case,
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


def _records(text: ParallelText, groups: Iterable[str]) -> Iterator[Record]:
    return chain.from_iterable(map(text.records, groups))


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
    records: Iterable[Record], tally: Tally, encoding: TranslationEncoding, held_out: HeldOut
) -> Iterator[Pair]:
    """Yield the pairs to train on, each once."""
    seen = Seen()
    work = partial(_clean, encoding, held_out)
    for pairs, found in ordered_map(work, batched(records, _BATCH), encoding.workers):
        tally.add(found)
        for pair, new in zip(pairs, seen.add(hashes(pairs)), strict=True):
            if tally.keep(None if new else Reason.TRAIN_REPEATED):
                yield pair


def _clean(
    encoding: TranslationEncoding, held_out: HeldOut, records: list[Record]
) -> tuple[list[Pair], Tally]:
    """Return the pairs that are fit for training, and why the others are not."""
    tally = Tally()
    pairs = []
    for pair in tally.pairs(records):
        reason = clean.flaw(pair, encoding.max_words)
        if reason is None and clean.unequal(pair, encoding):
            reason = Reason.UNEQUAL
        elif reason is None and clean.untranslated(pair, encoding):
            reason = Reason.UNTRANSLATED
        elif reason is None:
            reason = held_out.leak(pair)
        if tally.keep(reason):
            pairs.append(pair)
    return pairs, tally


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


def _codec_text(encoded: Path, encoding: TranslationEncoding) -> Iterator[str]:
    """Yield `vocabulary_sentences` of training, drawn at random, in their order (Knuth 3.4.2 S).

    They are in the letter case that the network reads.
    """
    paths = [text_path(encoded, "train", field) for field in FIELDS]
    random = Random(encoding.vocabulary_seed)
    wanted, left = encoding.vocabulary_sentences, sum(1 for path in paths for _ in read_lines(path))
    for line in chain.from_iterable(map(read_lines, paths)):
        if random.random() * left < wanted:
            yield in_case(line, encoding.letter_case)
            wanted -= 1
        left -= 1


def _write_ids(
    encoded: Path, split: Split, pieces: codec.Codec, case: LetterCase, workers: int
) -> dict[str, int]:
    dtype = np.min_scalar_type(pieces.size - 1)
    counts = {"records": 0, "tokens": 0}
    for field in FIELDS:
        lines = batched(read_lines(text_path(encoded, split, field)), _BATCH)
        batches = ordered_map(partial(_ids, pieces, case, dtype), lines, workers)
        write_sequences(encoded, split, field, chain.from_iterable(map(_cut, batches)), dtype)
        lengths = read_sequences(encoded, split, field).lengths
        counts["records"] = len(lengths)
        counts[f"{field}_tokens"] = int(lengths.sum())
        counts["tokens"] += counts[f"{field}_tokens"]
    return counts


def _ids(
    pieces: codec.Codec, case: LetterCase, dtype: np.dtype, lines: list[str]
) -> tuple[np.ndarray, list[int]]:
    """Return the ids of `lines` end to end, and where each line ends: quick to send."""
    ids = [pieces.encode(in_case(line, case)) for line in lines]
    return np.fromiter(chain.from_iterable(ids), dtype), list(accumulate(map(len, ids)))


def _cut(batch: tuple[np.ndarray, list[int]]) -> Iterator[np.ndarray]:
    ids, ends = batch
    return (ids[start:end] for start, end in pairwise([0, *ends]))

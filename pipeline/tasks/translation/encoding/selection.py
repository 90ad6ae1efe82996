"""Which pairs each split keeps; every other one is counted with the reason."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from pipeline.encoding.duplicates import Seen, digest
from pipeline.encoding.records import Skipped
from pipeline.encoding.tally import Tally
from pipeline.encoding.workers import batched, ordered_map
from pipeline.tasks.translation.encoding import clean
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.held_out import HeldOut
from pipeline.tasks.translation.encoding.read import Pair, Record
from pipeline.tasks.translation.settings import TranslationEncoding

_BATCH = 10_000  # records that a worker gets at once


def held_out_pairs(
    records: Iterable[Record | Skipped],
    tally: Tally,
    encoding: TranslationEncoding,
    held_out: HeldOut,
) -> Iterator[tuple[str, Pair]]:
    """Yield the pairs of validation or of a test set, each with its cluster.

    Sets that come with the data are benchmarks and limited in length only. Others must not leak
    into the splits `held_out` before.
    """
    sources: set[str] = set()
    for record in tally.usable(records):
        for pair in map(clean.tidy, record.pairs):
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
                yield record.cluster, pair


def training_pairs(
    records: Iterable[Record | Skipped],
    tally: Tally,
    encoding: TranslationEncoding,
    held_out: HeldOut,
) -> Iterator[Pair]:
    """Yield the pairs to train on, each once; in memory are 8 bytes of each."""
    seen = Seen()
    work = partial(_clean, encoding, held_out)
    for pairs, cleaned in ordered_map(work, batched(records, _BATCH), encoding.workers):
        tally.add(cleaned)
        digests = np.fromiter(map(_digest, pairs), np.uint64, len(pairs))
        for pair, new in zip(pairs, seen.add(digests), strict=True):
            if tally.keep(None if new else Reason.TRAIN_REPEATED):
                yield pair


def _clean(
    encoding: TranslationEncoding, held_out: HeldOut, records: list[Record | Skipped]
) -> tuple[list[Pair], Tally]:
    """Return the pairs that are fit for training, and the account of the others."""
    tally = Tally()
    pairs = []
    for record in tally.usable(records):
        for pair in map(clean.tidy, record.pairs):
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


def _digest(pair: Pair) -> int:
    return digest("\n".join(pair).encode())

"""Parallel text to sequences of pieces, split so that nothing leaks into the test sets.

Groups (integrations, pages) are drawn for the splits at random; then each split drops what is too
close to a split held out before it: test comes first, validation next, training last. Splits that
come with the data are benchmarks: their validation and test sets, of which there may be several,
are limited in length only.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import accumulate, chain, pairwise
from pathlib import Path
from random import Random

import numpy as np

from models.settings import DataShape, SequenceLayout
from pipeline.corpus import (
    SPLITS,
    Split,
    is_test,
    read_sequences,
    write_clusters,
    write_sequences,
)
from pipeline.encoding.records import Skipped
from pipeline.encoding.splits import draw_splits
from pipeline.encoding.tally import Tally
from pipeline.encoding.workers import batched, ordered_map
from pipeline.errors import ConfigError
from pipeline.settings.base import Splits
from pipeline.tasks.translation.codec import Codec
from pipeline.tasks.translation.encoding.clean import Reason
from pipeline.tasks.translation.encoding.codec_files import train
from pipeline.tasks.translation.encoding.held_out import HeldOut
from pipeline.tasks.translation.encoding.letters import in_case
from pipeline.tasks.translation.encoding.read import ParallelText, Record, open_text
from pipeline.tasks.translation.encoding.selection import held_out_pairs, training_pairs
from pipeline.tasks.translation.encoding.text import FIELDS, read_lines, text_path, write_text
from pipeline.tasks.translation.settings import LetterCase, TranslationEncoding

_BATCH = 10_000  # lines that a worker gets at once


def encode(raw: Path, encoded: Path, encoding: TranslationEncoding) -> dict:
    """Write the splits as text and as ids, and the codec; return the task's part of the manifest.

    Held-out splits have their clusters: the integration or page that a sentence comes from, or its
    row. In memory are the held-out sentences, 8 bytes of each training pair, and the sentences that
    the pieces are learned from. DataError if the raw data is damaged or a split is left empty.
    """
    text, tally = open_text(raw, encoding), Tally()
    groups = _split_groups(text.groups, encoding.splits)
    held_out = HeldOut(encoding.near_twin_similarity)
    for split in (*filter(is_test, groups), "validation"):
        records = _records(text, groups[split])
        kept = list(held_out_pairs(records, tally, encoding, held_out))
        pairs = [pair for _, pair in kept]
        held_out.add(pairs)
        write_text(encoded, split, pairs)
        write_clusters(encoded, split, [cluster for cluster, _ in kept])
    records = _records(text, groups["train"])
    write_text(encoded, "train", training_pairs(records, tally, encoding, held_out))
    tally.check(raw, encoding.max_skipped)

    pieces = train(_codec_text(encoded, encoding), encoding.vocabulary_size, encoded)
    splits = {}
    for split in groups:
        workers = encoding.workers if split == "train" else 1
        counts = _write_ids(encoded, split, pieces, encoding.letter_case, workers)
        splits[split] = counts | {"groups": len(groups[split])}
    return {
        "shape": DataShape(
            inputs=pieces.size, outputs=pieces.size, layout=SequenceLayout()
        ).model_dump(),
        "splits": splits,
        "dropped": {reason.value: tally.dropped[reason] for reason in Reason},
        "skipped": tally.listing(),
        "skipped_records": tally.skipped.total(),
        "records_read": tally.read,
        "source_language": encoding.source_language,
        "target_language": encoding.target_language,
        "letter_case": encoding.letter_case,
    }


def _split_groups(groups: list[str], splits: Splits | None) -> dict[Split, list[str]]:
    """Assign groups to splits: by name if the data come split, else at random by the seed."""
    come_split = set(SPLITS) <= set(groups)
    if splits is None:
        if not come_split:
            raise ConfigError("encoding.splits = null, but the data does not come split; set it")
        return {split: [split] for split in groups}
    if come_split:
        raise ConfigError("encoding.splits is set, but the data comes split; set it to null")
    drawn = draw_splits(np.arange(len(groups)), splits)
    return {split: [groups[index] for index in drawn[split]] for split in SPLITS}


def _records(text: ParallelText, groups: Iterable[str]) -> Iterator[Record | Skipped]:
    return chain.from_iterable(map(text.records, groups))


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
    encoded: Path, split: Split, pieces: Codec, case: LetterCase, workers: int
) -> dict[str, int]:
    """Write the ids of both languages of a split; return how many records and tokens there are."""
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
    pieces: Codec, case: LetterCase, dtype: np.dtype, lines: list[str]
) -> tuple[np.ndarray, list[int]]:
    """Return the ids of `lines` end to end, and where each line ends: fast to send to a process."""
    ids = [pieces.encode(in_case(line, case)) for line in lines]
    return np.fromiter(chain.from_iterable(ids), dtype), list(accumulate(map(len, ids)))


def _cut(batch: tuple[np.ndarray, list[int]]) -> Iterator[np.ndarray]:
    ids, ends = batch
    return (ids[start:end] for start, end in pairwise([0, *ends]))

"""Fiddle tunes to melodies: the books inside music21's wheel, read, merged, split, written."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.corpus import Split
from pipeline.encoding.archives import DAMAGED, damaged, only_archive, read_member
from pipeline.encoding.records import RecordError, Skipped, read_or_skip
from pipeline.encoding.tally import Tally
from pipeline.encoding.workers import batched, ordered_map
from pipeline.errors import DataError
from pipeline.tasks.music.codec.melody import IDS, SHAPE, SILENCE, Melody, to_ids
from pipeline.tasks.music.encoding.abc_notation import read_tune
from pipeline.tasks.music.encoding.near_duplicates import merge_near_duplicates, note_ngrams
from pipeline.tasks.music.encoding.splits import split_pieces, write_pieces
from pipeline.tasks.music.settings import TuneEncoding

_BOOK = re.compile(r"music21/corpus/((?:airdsAirs|oneills1850|ryansMammoth)/[^/]+)\.abc")
_TUNE = re.compile(r"^(?=X:)", re.MULTILINE)
_MAX_MEMBER_BYTES = 1 << 20  # the largest file has 76 kB; more is a zip bomb
_BATCH = 64  # tunes that a worker reads at a time


class AbcTune(NamedTuple):
    """A tune in ABC notation, named after its file and its number there."""

    name: str
    text: str


@dataclass(frozen=True)
class Tune:
    """A tune as a melody."""

    name: str
    melody: Melody
    split: Split | None = None  # the books come unsplit

    @property
    def notes(self) -> int:
        """The number of notes, without rests."""
        return int((self.melody.pitch != SILENCE).sum())


def encode_tunes(raw: Path, encoded: Path, encoding: TuneEncoding) -> dict[str, Any]:
    """Write the tunes under `raw` as melodies; as `encode` of the chorales.

    The order of the tunes is drawn by the seed of the splits, so that the first ones of a split,
    which networks continue, come from all books.
    """
    tally = Tally()
    batches = batched(find_tunes(raw), _BATCH)
    read = ordered_map(_read, batches, encoding.workers)
    tunes = list(tally.usable(tune for batch in read for tune in batch))
    tally.check(raw, encoding.max_skipped)
    kept, merged = merge_near_duplicates(
        tunes, lambda tune: note_ngrams(tune.melody), encoding.max_shared_ngrams
    )
    tally.dropped.update("near-duplicate" for _ in merged)
    order = np.random.default_rng(encoding.splits.seed).permutation(len(kept))
    splits = split_pieces(raw, [kept[index] for index in order], encoding.splits)
    write_pieces(encoded, splits, lambda tune: to_ids(tune.melody), IDS)
    return {
        "representation": encoding.representation,
        "shape": SHAPE.model_dump(),
        "splits": {split: _counts(members) for split, members in splits.items()},
        "dropped": {**tally.dropped, **tally.skipped},
        "skipped": tally.listing(),
        "near_duplicates": [near_duplicate._asdict() for near_duplicate in merged],
        "tunes": tally.read,
        "notes": sum(tune.notes for tune in kept),
    }


def find_tunes(raw: Path) -> Iterator[AbcTune]:
    """Yield the tunes of the wheel, sorted by file and in the order of each.

    Raises DataError if the wheel is missing, damaged, or without books of tunes.
    """
    wheel = only_archive(raw, "*.whl")
    try:
        with zipfile.ZipFile(wheel) as archive:
            books = sorted(filter(None, map(_BOOK.fullmatch, archive.namelist())), key=_name)
            for book in books:
                text = read_member(archive, book[0], _MAX_MEMBER_BYTES)
                yield from _tunes(book[1], text.decode("utf-8", errors="replace"))
    except (*DAMAGED, RecordError) as error:
        raise damaged(wheel, error) from None
    if not books:
        raise DataError(f"{wheel}: no tunes in ABC inside; is it the wheel of music21?")


def _name(book: re.Match) -> str:
    return book[1]


def _tunes(book: str, text: str) -> Iterator[AbcTune]:
    for tune in _TUNE.split(text)[1:]:  # first what the book begins with
        number = tune.partition("\n")[0].removeprefix("X:").strip()
        yield AbcTune(f"{book}/{number}", tune)


def _read(batch: Sequence[AbcTune]) -> list[Tune | Skipped]:
    return [read_or_skip(tune.name, _tune, tune) for tune in batch]


def _tune(tune: AbcTune) -> Tune:
    return Tune(tune.name, read_tune(tune.text))


def _counts(tunes: Sequence[Tune]) -> dict[str, int]:
    return {"records": len(tunes), "tokens": sum(len(tune.melody.pitch) for tune in tunes)}

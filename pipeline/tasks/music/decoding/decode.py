"""Samples pieces from nothing and continuations of test pieces, as MIDI, piano rolls and sound."""

from pathlib import Path

import numpy as np

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.corpus import read_sequences
from pipeline.decoding.fill import fill_of, write_blocks_of
from pipeline.errors import DataError
from pipeline.files import read_json, write_atomically, write_json
from pipeline.tasks.music.codec import (
    FIELD,
    FURTHER,
    FURTHER_IDS,
    SAMPLED_IDS,
    codec_of,
    events,
    is_grid,
)
from pipeline.tasks.music.decoding.compose import compose, empty_primer, seconds_of, to_midi
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH
from pipeline.tasks.music.decoding.roll import piano_roll
from pipeline.tasks.music.decoding.sound import to_mp3
from pipeline.tasks.music.settings import MusicDecoding

_SIXTEENTHS_PER_BAR = 16  # four-four time, as most of the chorales have


def decode(
    model: AutoregressiveModel, encoded: Path, samples: Path, decoding: MusicDecoding
) -> MusicDecoding:
    """Write from_nothing_<i> and continuation_<i> as .mid, .png and .mp3, and samples.json.

    The .png is a piano roll; samples.json describes the pieces. Continuations are of the first test
    pieces that are longer than the primer; those that are not shown are in FURTHER_IDS, described
    in FURTHER, without files of their own. Raises DataError if there are too few pieces. Returns
    how earlier weights of the run are decoded: alike.
    """
    shape = model.shape
    continued = _continued_pieces(encoded, decoding)
    names = [None] * decoding.from_nothing + [name for name, _ in continued]
    primers = [empty_primer(shape)] * decoding.from_nothing + [primer for _, primer in continued]
    fill = fill_of(decoding.method)
    pieces = compose(model, primers, decoding.tokens, decoding.sampling, fill=fill)
    write_blocks_of(fill, samples)
    shown = decoding.from_nothing + decoding.shown_continuations
    described = []
    for row, (name, primer, ids) in enumerate(zip(names[:shown], primers, pieces, strict=False)):
        kind = "from_nothing" if name is None else "continuation"
        file = f"{kind}_{row if name is None else row - decoding.from_nothing}.mid"
        midi, primer_seconds = to_midi(ids, shape), seconds_of(primer, shape)
        path = samples / file
        write_atomically(path, midi)
        write_atomically(path.with_suffix(".png"), piano_roll(midi, primer_seconds))
        write_atomically(path.with_suffix(".mp3"), to_mp3(midi))
        described.append(
            {
                "file": file,
                "kind": kind,
                "piece": name,
                "primer_tokens": len(primer) - 1,
                "primer_seconds": primer_seconds,
                "seconds": seconds_of(ids, shape),
                "bar_seconds": _SIXTEENTHS_PER_BAR * SECONDS_PER_SIXTEENTH
                if is_grid(shape)
                else None,
                **_irregularities(ids, shape),
            }
        )
    write_json(samples / "samples.json", described)
    np.save(samples / SAMPLED_IDS, pieces[:shown], allow_pickle=False)
    further = [
        {"piece": name, "primer_tokens": len(primer) - 1, **_irregularities(ids, shape)}
        for name, primer, ids in zip(names[shown:], primers[shown:], pieces[shown:], strict=True)
    ]
    write_json(samples / FURTHER, further)
    np.save(samples / FURTHER_IDS, pieces[shown:], allow_pickle=False)
    return decoding


def _irregularities(ids: np.ndarray, shape: DataShape) -> dict[str, int]:
    """Count the irregular events of a performance."""
    if codec_of(shape) is not events:
        return {}
    decoded = events.from_ids(ids)
    return {name: getattr(decoded, name) for name in ("unmatched_offs", "restruck", "hanging")}


def _continued_pieces(encoded: Path, decoding: MusicDecoding) -> list[tuple[str, np.ndarray]]:
    """Return names and primers, START included, of the test pieces to continue."""
    length = 1 + decoding.primer_tokens
    names = read_json(encoded / "test.pieces.json")
    test = read_sequences(encoded, "test", FIELD)
    long_enough = [
        (name, ids[:length]) for name, ids in zip(names, test, strict=True) if len(ids) > length
    ]
    if len(long_enough) < decoding.continuations:
        raise DataError(
            f"{encoded}: decoding.continuations = {decoding.continuations}, but only "
            f"{len(long_enough)} test pieces are longer than primer_tokens = "
            f"{decoding.primer_tokens}; lower one of them"
        )
    return long_enough[: decoding.continuations]

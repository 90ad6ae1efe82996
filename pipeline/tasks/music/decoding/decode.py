"""Pieces drawn from nothing, and continuations of the openings of test pieces.

Each as MIDI, as a piano roll and as sound.
"""

from pathlib import Path

import numpy as np

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.corpus import read_sequences
from pipeline.errors import DataError
from pipeline.files import read_json, write_atomically, write_json
from pipeline.tasks.music.codec import DRAWN_IDS, FIELD, events, is_grid
from pipeline.tasks.music.decoding.compose import compose, nothing, seconds_of, to_midi
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH
from pipeline.tasks.music.decoding.roll import piano_roll
from pipeline.tasks.music.decoding.sound import to_mp3
from pipeline.tasks.music.settings import MusicDecoding

_SIXTEENTHS_PER_BAR = 16  # four-four time, as most of the chorales have


def decode(
    model: AutoregressiveModel, encoded: Path, samples: Path, decoding: MusicDecoding
) -> None:
    """Write `from_nothing_<i>.mid`, `continuation_<i>.mid` and what they are to samples.json.

    Beside each stand its piano roll, .png, and its sound, .mp3. Continued are the first test pieces
    that are longer than the opening. Raises DataError if there are too few.
    """
    shape = model.shape
    primers = _primers(encoded, decoding)
    names = [None] * decoding.from_nothing + [name for name, _ in primers]
    openings = [nothing(shape)] * decoding.from_nothing + [opening for _, opening in primers]
    pieces = compose(model, openings, decoding.tokens, decoding.sampling)
    described = []
    for row, (name, opening, ids) in enumerate(zip(names, openings, pieces, strict=True)):
        kind = "from_nothing" if name is None else "continuation"
        file = f"{kind}_{row if name is None else row - decoding.from_nothing}.mid"
        midi, given = to_midi(ids, shape), seconds_of(opening, shape)
        path = samples / file
        write_atomically(path, midi)
        write_atomically(path.with_suffix(".png"), piano_roll(midi, given))
        write_atomically(path.with_suffix(".mp3"), to_mp3(midi))
        described.append(
            {
                "file": file,
                "kind": kind,
                "piece": name,
                "primer_tokens": len(opening) - 1,
                "primer_seconds": given,
                "seconds": seconds_of(ids, shape),
                "bar_seconds": _SIXTEENTHS_PER_BAR * SECONDS_PER_SIXTEENTH
                if is_grid(shape)
                else None,
                **_irregularities(ids, shape),
            }
        )
    write_json(samples / "samples.json", described)
    np.save(samples / DRAWN_IDS, pieces, allow_pickle=False)


def _irregularities(ids: np.ndarray, shape: DataShape) -> dict[str, int]:
    """What in the drawn events was no plain performance."""
    if is_grid(shape):
        return {}
    decoded = events.from_ids(ids)
    return {name: getattr(decoded, name) for name in ("unmatched_offs", "restruck", "hanging")}


def _primers(encoded: Path, decoding: MusicDecoding) -> list[tuple[str, np.ndarray]]:
    """The names and openings, START included, of the test pieces to continue."""
    given = 1 + decoding.primer_tokens
    names = read_json(encoded / "test.pieces.json")
    test = read_sequences(encoded, "test", FIELD)
    long_enough = [
        (name, ids[:given]) for name, ids in zip(names, test, strict=True) if len(ids) > given
    ]
    if len(long_enough) < decoding.continuations:
        raise DataError(
            f"{encoded}: decoding.continuations = {decoding.continuations}, but only "
            f"{len(long_enough)} test pieces are longer than primer_tokens = "
            f"{decoding.primer_tokens}; lower one of them"
        )
    return long_enough[: decoding.continuations]

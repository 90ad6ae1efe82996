"""Pieces drawn from nothing, and continuations of the openings of test pieces, as MIDI."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from pipeline.console import Progress
from pipeline.corpus import read_sequences
from pipeline.decoding.sampling import DRAWN, fill
from pipeline.errors import DataError
from pipeline.files import read_json, write_atomically, write_json
from pipeline.tasks.music.codec import FIELD, START, VOICES, from_ids
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH, to_midi
from pipeline.tasks.music.settings import MusicDecoding


def decode(model: nn.Module, encoded: Path, samples: Path, decoding: MusicDecoding) -> None:
    """Write `from_nothing_<i>.mid`, `continuation_<i>.mid` and what they are to samples.json.

    Continued are the first test pieces that are longer than the opening. Raises DataError if there
    are too few.
    """
    primers = _primers(encoded, decoding)
    names = [None] * decoding.from_nothing + [name for name, _ in primers]
    template = np.full((len(names), 1 + len(VOICES) * decoding.sixteenths), DRAWN, np.int64)
    template[:, 0] = START
    for row, (_, opening) in enumerate(primers, start=decoding.from_nothing):
        template[row, : len(opening)] = opening
    device = next(model.parameters()).device
    progress = Progress("sampling", template.shape[1] - 1)
    pieces = fill(model, torch.from_numpy(template).to(device), decoding.sampling, progress)
    described = []
    for row, (name, ids) in enumerate(zip(names, pieces.cpu().numpy(), strict=True)):
        kind = "from_nothing" if name is None else "continuation"
        file = f"{kind}_{row if name is None else row - decoding.from_nothing}.mid"
        write_atomically(samples / file, to_midi(from_ids(ids)))
        described.append(
            {
                "file": file,
                "kind": kind,
                "piece": name,
                "primer_sixteenths": 0 if name is None else decoding.primer_sixteenths,
                "sixteenths": decoding.sixteenths,
                "seconds_per_sixteenth": SECONDS_PER_SIXTEENTH,
            }
        )
    write_json(samples / "samples.json", described)


def _primers(encoded: Path, decoding: MusicDecoding) -> list[tuple[str, np.ndarray]]:
    """The names and openings, START included, of the test pieces to continue."""
    given = 1 + len(VOICES) * decoding.primer_sixteenths
    names = read_json(encoded / "test.pieces.json")
    test = read_sequences(encoded, "test", FIELD)
    long_enough = [
        (name, ids[:given]) for name, ids in zip(names, test, strict=True) if len(ids) > given
    ]
    if len(long_enough) < decoding.continuations:
        raise DataError(
            f"{encoded}: decoding.continuations = {decoding.continuations}, but only "
            f"{len(long_enough)} test pieces are longer than primer_sixteenths = "
            f"{decoding.primer_sixteenths}; lower one of them"
        )
    return long_enough[: decoding.continuations]

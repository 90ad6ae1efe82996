"""Compares sampled pieces with test pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.settings import DataShape
from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.tasks.music.codec import FURTHER, FURTHER_IDS, SAMPLED_IDS, codec_of, events
from pipeline.tasks.music.metrics.distributions import distances
from pipeline.tasks.music.metrics.motifs import MotifReturns, motif_returns
from pipeline.tasks.music.metrics.statistics import (
    MOTIF_RETURN,
    OTHER_MOTIF_RETURN,
    SHUFFLED_MOTIF_RETURN,
)

_IRREGULARITIES = ("unmatched_offs", "restruck", "hanging")  # of codec.events.from_ids


@dataclass(frozen=True)
class SampleMeasures:
    """Measurements of the sampled pieces, and the counts of motifs by test piece."""

    metrics: dict[str, dict[str, float | int]]
    statistics: dict[str, np.ndarray]  # (test piece,), 0 where it was not continued


def measure_samples(
    samples: Path, test: dict[str, np.ndarray], shape: DataShape, motif: int
) -> SampleMeasures:
    """Compare the sampled pieces with the test pieces by name, ids (1 + token,) each.

    `distances`: between the distributions of generated and test notes. `motifs`: shares of motifs
    of the continuations, and of the real ones, that occur in their primers or in those of the other
    test pieces; real continuations have the same length if the piece is long enough.
    `irregularities`, of performances: counts of irregular events in all pieces.
    """
    pieces = _described(samples)
    continued = [
        (facts["piece"], facts["primer_tokens"], ids)
        for facts, ids in pieces
        if facts["piece"] is not None
    ]
    primers = [ids[: 1 + length] for _, length, ids in continued]
    others = [
        [ids[: 1 + length] for name, ids in test.items() if name != piece]
        for piece, length, _ in continued
    ]
    sampled = [_without_primer(ids, length) for _, length, ids in continued]
    real = [_without_primer(test[piece][: len(ids)], length) for piece, length, ids in continued]
    of_sampled, of_real = (
        motif_returns(primers, continuations, others, shape, motif)
        for continuations in (sampled, real)
    )
    measured = {
        "distances": distances(generated_parts(samples), list(test.values()), shape),
        "motifs": of_sampled.shares()
        | {
            "real_motif_return": of_real.shares()["motif_return"],
            "real_other_motif_return": of_real.shares()["other_motif_return"],
        },
    }
    if codec_of(shape) is events:
        measured["irregularities"] = {
            name: sum(facts[name] for facts, _ in pieces) for name in _IRREGULARITIES
        }
    names = [piece for piece, _, _ in continued]
    return SampleMeasures(measured, _by_piece(of_sampled, names, list(test)))


def _by_piece(
    returns: MotifReturns, continued: Sequence[str], pieces: Sequence[str]
) -> dict[str, np.ndarray]:
    """Sum the counts of the continuations of each test piece."""
    rows = [pieces.index(name) for name in continued]
    columns = {
        MOTIF_RETURN[1]: returns.motifs,
        MOTIF_RETURN[0]: returns.returned,
        SHUFFLED_MOTIF_RETURN[0]: returns.shuffled,
        OTHER_MOTIF_RETURN[0]: returns.in_others,
    }
    statistics = {}
    for name, values in columns.items():
        statistics[name] = np.zeros(len(pieces), values.dtype)
        np.add.at(statistics[name], rows, values)
    return statistics


def generated_parts(samples: Path) -> list[np.ndarray]:
    """Read the sampled pieces, ids (1 + token,) each, without their primers."""
    return [_without_primer(ids, facts["primer_tokens"]) for facts, ids in _described(samples)]


def _described(samples: Path) -> list[tuple[dict[str, Any], np.ndarray]]:
    """Read the description of each piece, also if it is not shown, and its ids (1 + token,)."""
    shown, further = (
        np.load(samples / name, allow_pickle=False) for name in (SAMPLED_IDS, FURTHER_IDS)
    )
    described = read_json(samples / "samples.json") + read_json(samples / FURTHER)
    sampled = [*shown, *further]
    if len(sampled) != len(described):
        raise DataError(
            f"{samples}: {len(sampled)} pieces are sampled, {len(described)} described; "
            f"run `dvc repro decode@{samples.parent.name}`"
        )
    return list(zip(described, sampled, strict=True))


def _without_primer(ids: Sequence[int], length: int) -> np.ndarray:
    """Drop `length` tokens after START."""
    return np.concatenate((ids[:1], ids[1 + length :]))

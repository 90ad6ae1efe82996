"""What a run drew, measured beside the test pieces."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.settings import DataShape
from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.tasks.music.codec import DRAWN_IDS, is_grid
from pipeline.tasks.music.metrics.distributions import distances
from pipeline.tasks.music.metrics.motifs import returning

_IRREGULARITIES = ("unmatched_offs", "restruck", "hanging")  # of codec.events.from_ids


def measure_samples(
    samples: Path, test: dict[str, np.ndarray], shape: DataShape, motif: int
) -> dict[str, dict[str, float | int]]:
    """Measure the drawn pieces, beside the test pieces by their names, ids (1 + token,) each.

    `distances` of what was drawn to the test pieces; `motifs` of the openings that return in the
    continuations, and in the real ones, which are as long where the piece is, each beside those
    that the openings of the other test pieces hold; of performances,
    `irregularities`: how many events of all pieces were no plain performance.
    """
    pieces = _described(samples)
    continued = [
        (each["piece"], each["primer_tokens"], ids)
        for each, ids in pieces
        if each["piece"] is not None
    ]
    openings = [ids[: 1 + given] for _, given, ids in continued]
    others = [
        [ids[: 1 + given] for name, ids in test.items() if name != piece]
        for piece, given, _ in continued
    ]
    own = [_after(ids, given) for _, given, ids in continued]
    real = [_after(test[piece][: len(ids)], given) for piece, given, ids in continued]
    returned, really = (returning(openings, each, others, shape, motif) for each in (own, real))
    measured = {
        "distances": distances(drawn_alone(samples), list(test.values()), shape),
        "motifs": returned
        | {
            "real_motif_return": really["motif_return"],
            "real_other_motif_return": really["other_motif_return"],
        },
    }
    if not is_grid(shape):
        measured["irregularities"] = {
            name: sum(each[name] for each, _ in pieces) for name in _IRREGULARITIES
        }
    return measured


def drawn_alone(samples: Path) -> list[np.ndarray]:
    """What the network drew, ids (1 + token,) of each piece: without the openings it was given."""
    return [_after(ids, each["primer_tokens"]) for each, ids in _described(samples)]


def _described(samples: Path) -> list[tuple[dict[str, Any], np.ndarray]]:
    """What is said of each piece, and its ids (1 + token,)."""
    drawn = np.load(samples / DRAWN_IDS, allow_pickle=False)
    described = read_json(samples / "samples.json")
    if len(drawn) != len(described):
        raise DataError(
            f"{samples}: {len(drawn)} pieces are drawn, {len(described)} described; "
            f"run `dvc repro decode@{samples.parent.name}`"
        )
    return list(zip(described, drawn, strict=True))


def _after(ids: Sequence[int], given: int) -> np.ndarray:
    """What follows the opening, as a piece of its own: START is its first id too."""
    return np.concatenate((ids[:1], ids[1 + given :]))

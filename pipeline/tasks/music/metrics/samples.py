"""What a run drew, measured beside the test pieces."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.settings import DataShape
from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.tasks.music.codec import DRAWN_IDS
from pipeline.tasks.music.metrics.distributions import distances
from pipeline.tasks.music.metrics.motifs import returning


def measure_samples(
    samples: Path, test: dict[str, np.ndarray], shape: DataShape, motif: int
) -> dict[str, dict[str, float | int]]:
    """Measure the drawn pieces, beside the test pieces by their names, ids (1 + token,) each.

    `distances` of all of them to the test pieces; `motifs` of their openings that return in the
    continuations, and in the real ones, which are as long where the piece is.
    """
    drawn = read_drawn(samples)
    described = read_json(samples / "samples.json")
    if len(drawn) != len(described):
        raise DataError(
            f"{samples}: {len(drawn)} pieces are drawn, {len(described)} described; "
            f"run `dvc repro decode@{samples.parent.name}`"
        )
    continued = [
        (each["primer_tokens"], ids, test[each["piece"]][: len(ids)])
        for each, ids in zip(described, drawn, strict=True)
        if each["piece"] is not None
    ]
    openings = [ids[: 1 + given] for given, ids, _ in continued]
    own = [_after(ids, given) for given, ids, _ in continued]
    real = [_after(ids, given) for given, _, ids in continued]
    returned, really = (returning(openings, each, shape, motif) for each in (own, real))
    return {
        "distances": distances(drawn, list(test.values()), shape),
        "motifs": returned | {"real_motif_return": really["motif_return"]},
    }


def read_drawn(samples: Path) -> np.ndarray:
    """The drawn pieces, ids (piece, 1 + token)."""
    return np.load(samples / DRAWN_IDS, allow_pickle=False)


def _after(ids: Sequence[int], given: int) -> np.ndarray:
    """What follows the opening, as a piece of its own: START is its first id too."""
    return np.concatenate((ids[:1], ids[1 + given :]))

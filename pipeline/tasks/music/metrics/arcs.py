"""The arcs of the lecture's animation: from a note to the earlier notes that heads attend to.

The query is the first id of a note, and the weight of an earlier note is summed over its ids: all
16ths of a held pitch, the NOTE_ON of a performance, or the one id of a note of a tune.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.files import read_json
from pipeline.tasks.music.codec import SAMPLED_IDS, codec_of, is_grid, unit_of
from pipeline.tasks.music.metrics.motif_attention import has_full_attention
from pipeline.tasks.music.metrics.notes import Note, sounding_notes

_MAX_PER_HEAD = 3  # arcs of a note and head
_MIN_WEIGHT = 0.05  # share of the attention
_MAX_PER_PIECE = 2500  # arcs: 60 kB of the page


def arcs_of_samples(model: AutoregressiveModel, samples: Path) -> dict[str, dict[str, Any]]:
    """Compute the arcs of each sampled piece by the stem of its file, if attention is full.

    `notes` [[start, end, pitch, part], ...] in seconds; `arcs` [[note, earlier note, layer, head,
    weight], ...], the weight in thousandths of the head's attention; `layers` and `heads`.
    """
    if not has_full_attention(model):
        return {}
    pieces = np.load(samples / SAMPLED_IDS, allow_pickle=False)
    described = read_json(samples / "samples.json")
    return {
        Path(piece["file"]).stem: _arcs_of_piece(model, ids, piece["seconds"])
        for piece, ids in zip(described, pieces, strict=True)
    }


def _arcs_of_piece(model: AutoregressiveModel, ids: np.ndarray, seconds: float) -> dict[str, Any]:
    notes = sounding_notes(ids, model.shape)
    device = next(model.parameters()).device
    inputs = torch.from_numpy(ids.astype(np.int64))[None].to(device)
    maps = torch.cat(model.internals(inputs).decoder_attention)  # (layer, head, query, key)
    step = _step_seconds(ids, seconds, model.shape)
    return {
        "notes": [
            [round(note.onset * step, 4), round(note.end * step, 4), note.pitch, note.part]
            for note in notes
        ],
        "arcs": strongest(weights_between(maps.cpu().numpy(), notes)),
        "layers": maps.shape[0],
        "heads": maps.shape[1],
    }


def weights_between(maps: np.ndarray, notes: Sequence[Note]) -> np.ndarray:
    """Sum maps (layer, head, query, key) to weights (layer, head, note, earlier note).

    0 where the second note is not before the first.
    """
    membership = np.zeros((maps.shape[-1], len(notes)), maps.dtype)  # (key, note)
    for number, note in enumerate(notes):
        membership[note.tokens, number] = 1
    first_tokens = [note.tokens[0] for note in notes]
    return np.tril(maps[:, :, first_tokens] @ membership, -1)


def strongest(weights: np.ndarray) -> list[list[int]]:
    """Select arcs [note, earlier note, layer, head, weight in thousandths], sorted by note.

    Of weights (layer, head, note, earlier note), the strongest of each note and head that reach a
    minimum, and of these the strongest of the piece.
    """
    ranked = np.argsort(-weights, axis=-1, kind="stable")[..., :_MAX_PER_HEAD]
    kept = np.take_along_axis(weights, ranked, axis=-1)
    layer, head, note, rank = np.nonzero(kept >= _MIN_WEIGHT)
    weight = kept[layer, head, note, rank]
    selected = np.sort(np.argsort(-weight, kind="stable")[:_MAX_PER_PIECE])
    rows = np.stack(
        (note, ranked[layer, head, note, rank], layer, head, np.round(1000 * weight).astype(int))
    )
    return sorted(rows[:, selected].T.tolist())


def _step_seconds(ids: np.ndarray, seconds: float, shape: DataShape) -> float:
    """Return the seconds of a 16th of a chorale of `seconds`, or of a step of another piece."""
    if is_grid(shape):
        return seconds * unit_of(shape) / (len(ids) - 1)
    return 1 / codec_of(shape).STEPS_PER_SECOND

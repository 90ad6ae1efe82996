"""The arcs of the lecture's animation: from a note that begins to what its heads look back at.

The query is the first id of a note, and the weight of an earlier note the sum over its ids: all
16ths of a pitch that sounds on, or the NOTE_ON of a performance.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline.files import read_json
from pipeline.tasks.music.codec import DRAWN_IDS, events, is_grid, unit_of
from pipeline.tasks.music.metrics.motif_attention import has_full_attention
from pipeline.tasks.music.metrics.notes import Sounding, sounding_notes

_OF_A_HEAD = 3  # arcs from a note
_FLOOR = 0.05  # of the attention; weaker arcs are left out
_OF_A_PIECE = 2500  # arcs, the strongest: 60 kB, which a page can hold


def arcs_of_samples(model: AutoregressiveModel, samples: Path) -> dict[str, dict[str, Any]]:
    """The arcs of each drawn piece by the stem of its file, where attention is full.

    `notes` [[start, end, pitch, part], ...] in seconds; `arcs` [[note, earlier note, layer, head,
    weight], ...], the weight in thousandths of the head's attention; `layers` and `heads`.
    """
    if not has_full_attention(model):
        return {}
    drawn = np.load(samples / DRAWN_IDS, allow_pickle=False)
    described = read_json(samples / "samples.json")
    return {
        Path(each["file"]).stem: _of_piece(model, ids, each["seconds"])
        for each, ids in zip(described, drawn, strict=True)
    }


def _of_piece(model: AutoregressiveModel, ids: np.ndarray, seconds: float) -> dict[str, Any]:
    notes = sounding_notes(ids, model.shape)
    device = next(model.parameters()).device
    inputs = torch.from_numpy(ids.astype(np.int64))[None].to(device)
    inside = model.internals(inputs)
    maps = torch.cat(inside.decoder_attention)  # (layer, heads, ...): the batch is one piece
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


def weights_between(maps: np.ndarray, notes: Sequence[Sounding]) -> np.ndarray:
    """Weights (layer, head, note, earlier note) of maps (layer, head, query, key).

    0 where the second note does not begin before the first.
    """
    belongs = np.zeros((maps.shape[-1], len(notes)), maps.dtype)  # (key, note)
    for number, note in enumerate(notes):
        belongs[note.tokens, number] = 1
    begins = [note.tokens[0] for note in notes]
    return np.tril(maps[:, :, begins] @ belongs, -1)


def strongest(weights: np.ndarray) -> list[list[int]]:
    """The arcs [note, earlier note, layer, head, thousandths] of weights as of `weights_between`.

    Of each note and head the strongest few above a floor; of all these the strongest, by note.
    """
    ranked = np.argsort(-weights, axis=-1, kind="stable")[..., :_OF_A_HEAD]
    kept = np.take_along_axis(weights, ranked, axis=-1)
    layer, head, note, rank = np.nonzero(kept >= _FLOOR)
    weight = kept[layer, head, note, rank]
    most = np.sort(np.argsort(-weight, kind="stable")[:_OF_A_PIECE])
    rows = np.stack(
        (note, ranked[layer, head, note, rank], layer, head, np.round(1000 * weight).astype(int))
    )
    return sorted(rows[:, most].T.tolist())


def _step_seconds(ids: np.ndarray, seconds: float, shape: DataShape) -> float:
    """How long a 16th of a piece that lasts `seconds` is, or a step of a performance."""
    if is_grid(shape):
        return seconds * unit_of(shape) / (len(ids) - 1)
    return 1 / events.STEPS_PER_SECOND

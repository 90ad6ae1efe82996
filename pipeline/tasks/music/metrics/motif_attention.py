"""Whether heads look back at earlier occurrences of the motif that is being played.

The lecture's animation shows arcs from a note to the notes that its heads attend to. Here the query
stands where the melody goes on after a motif (see metrics.motifs): it predicts the id of the same
voice after the motif's last note. The motif's earlier occurrences are the notes of the same
intervals in the same melody, before the motif begins, and the note after each, which is what a
continuation would copy.

Chance is a head that attends to the ids of all notes alike, and to no time, velocity or silence:
one that knows notes from other events, and no motif.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from models.settings import DataShape, Full, TransformerSettings
from models.shared.base import AutoregressiveModel
from pipeline.tasks.music.codec import unit_of
from pipeline.tasks.music.metrics.motifs import motifs
from pipeline.tasks.music.metrics.notes import melodies_of, sounding_notes


class Shares(NamedTuple):
    """Shares of attention on earlier occurrences of the current motif."""

    of_heads: np.ndarray  # (motif, layer, head); (0,) if no motif comes again
    chance: np.ndarray  # (motif,): the share of all visible ids of notes that the occurrences are


class Recurrence(NamedTuple):
    """A motif that was there before."""

    query: int  # the position that predicts how its voice goes on
    keys: list[int]  # the positions of the ids of its earlier occurrences
    visible: int  # how many ids of notes the query sees


def attention_to_motifs(
    model: AutoregressiveModel,
    validation: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    window: int,
    length: int,
) -> dict[str, dict[str, float | int]]:
    """The share of attention that falls on earlier occurrences of the current motif, by head.

    Over the first `window` tokens of the pieces, ids (1 + token,). In `on_motifs`, `queries` says
    how many motifs of the test pieces come again and `chance` what a head would give that attends
    to all notes alike; `chosen_head` is the share of the head that has the highest one in the
    validation pieces: the highest of the test pieces would be above chance by choice alone. `heads`
    has each. Empty where no motif comes again, and for a network without full attention.
    """
    if not has_full_attention(model):
        return {}
    choosing, measured = (_shares(model, each, window, length) for each in (validation, test))
    if not (len(choosing.of_heads) and len(measured.of_heads)):
        return {}
    means = measured.of_heads.mean(axis=0)
    heads = {
        f"layer_{layer}_head_{head}": float(share)
        for layer, row in enumerate(means)
        for head, share in enumerate(row)
    }
    on_motifs = {
        "queries": len(measured.of_heads),
        "chance": float(measured.chance.mean()),
        "mean_of_heads": float(means.mean()),
        "chosen_head": float(means.flat[choosing.of_heads.mean(axis=0).argmax()]),
    }
    return {"on_motifs": on_motifs, "heads": heads}


def has_full_attention(model: AutoregressiveModel) -> bool:
    """Whether a query sees all notes before it, so that an arc may go to any of them."""
    settings = model.settings
    return isinstance(settings, TransformerSettings) and isinstance(settings.attention, Full)


def _shares(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], window: int, length: int
) -> Shares:
    shares, chances = [], []
    for ids in pieces:
        inputs = np.asarray(ids[:window], np.int64)
        found = list(recurrences(_whole(inputs, model.shape), model.shape, length))
        if not found:
            continue
        device = next(model.parameters()).device
        inside = model.internals(torch.from_numpy(inputs)[None].to(device))
        weights = torch.cat(
            inside.decoder_attention
        )  # (layer, heads, query, key): the batch is one piece
        for each in found:
            shares.append(weights[:, :, each.query, each.keys].sum(dim=-1).cpu().numpy())
            chances.append(len(each.keys) / each.visible)
    return Shares(np.array(shares), np.array(chances))


def recurrences(ids: np.ndarray, shape: DataShape, length: int) -> Iterator[Recurrence]:
    """Each motif of a piece, ids (1 + token,), that comes again and is not its end."""
    tokens = np.sort([token for note in sounding_notes(ids, shape) for token in note.tokens])
    for melody in melodies_of(ids, shape):
        for end, earlier in earlier_occurrences([note.pitch for note in melody], length):
            query = melody[end].tokens[-1] + unit_of(shape) - 1
            if query < len(ids):
                keys = [token for note in earlier for token in melody[note].tokens]
                yield Recurrence(query, keys, int(np.searchsorted(tokens, query, side="right")))


def earlier_occurrences(pitch: Sequence[int], length: int) -> Iterator[tuple[int, list[int]]]:
    """For each motif that comes again its last note, and the notes of its earlier occurrences."""
    ends: dict[bytes, list[int]] = defaultdict(list)  # motif: the last notes of its occurrences
    for end, motif in enumerate(motifs(np.array(pitch, np.int64), length), start=length):
        notes = {
            note
            for last in ends[motif]
            if last < end - length
            for note in range(last - length, last + 2)
        }
        if notes:
            yield end, sorted(notes)
        ends[motif].append(end)


def _whole(ids: np.ndarray, shape: DataShape) -> np.ndarray:
    """Without an incomplete 16th at the end."""
    return ids[: 1 + (len(ids) - 1) // unit_of(shape) * unit_of(shape)]

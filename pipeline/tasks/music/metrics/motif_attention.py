"""Measures whether heads attend to earlier occurrences of the current motif.

The lecture's animation shows arcs from a note to the notes that its heads attend to. Here the query
predicts the continuation of a motif (see metrics.motifs): the id of the same voice after its last
note. The earlier occurrences of a motif are the notes of the same intervals in the same melody,
before the motif begins, and the note after each occurrence, which a continuation would copy.

Chance is a head that attends uniformly to the ids of all notes, and to no time, velocity or
silence: one that distinguishes notes from other events, but no motifs.
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

    of_heads: np.ndarray  # (motif, layer, head); (0,) if no motif recurs
    chance: np.ndarray  # (motif,), under uniform attention to the visible ids of notes


class Recurrence(NamedTuple):
    """A motif that occurred before."""

    query: int  # the position that predicts the continuation of its voice
    keys: list[int]  # the positions of its earlier occurrences
    visible: int  # the number of ids of notes that the query can attend to


def attention_to_motifs(
    model: AutoregressiveModel,
    validation: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    window: int,
    length: int,
) -> dict[str, dict[str, float | int]]:
    """Compute the share of attention on earlier occurrences of the current motif, by head.

    Over the first `window` tokens of pieces, ids (1 + token,). In `on_motifs`, `queries` is the
    number of motifs of the test pieces that recur, and `chance` the share under uniform attention
    to notes; `chosen_head` is the share of the head with the highest share on the validation
    pieces, since the maximum over heads on the test pieces is biased upwards. `heads` has the
    shares of all heads. Empty if no motif recurs, or without full attention.
    """
    if not has_full_attention(model):
        return {}
    on_validation, on_test = (
        _shares(model, pieces, window, length) for pieces in (validation, test)
    )
    if not (len(on_validation.of_heads) and len(on_test.of_heads)):
        return {}
    means = on_test.of_heads.mean(axis=0)
    heads = {
        f"layer_{layer}_head_{head}": float(share)
        for layer, row in enumerate(means)
        for head, share in enumerate(row)
    }
    on_motifs = {
        "queries": len(on_test.of_heads),
        "chance": float(on_test.chance.mean()),
        "mean_of_heads": float(means.mean()),
        "chosen_head": float(means.flat[on_validation.of_heads.mean(axis=0).argmax()]),
    }
    return {"on_motifs": on_motifs, "heads": heads}


def has_full_attention(model: AutoregressiveModel) -> bool:
    """Return whether every query can attend to all notes before it."""
    settings = model.settings
    return isinstance(settings, TransformerSettings) and isinstance(settings.attention, Full)


def _shares(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], window: int, length: int
) -> Shares:
    shares, chances = [], []
    for ids in pieces:
        inputs = np.asarray(ids[:window], np.int64)
        found = list(recurrences(_without_rest(inputs, model.shape), model.shape, length))
        if not found:
            continue
        device = next(model.parameters()).device
        internals = model.internals(torch.from_numpy(inputs)[None].to(device))
        weights = torch.cat(internals.decoder_attention)  # (layer, head, query, key)
        for motif in found:
            shares.append(weights[:, :, motif.query, motif.keys].sum(dim=-1).cpu().numpy())
            chances.append(len(motif.keys) / motif.visible)
    return Shares(np.array(shares), np.array(chances))


def recurrences(ids: np.ndarray, shape: DataShape, length: int) -> Iterator[Recurrence]:
    """Yield the motifs of a piece, ids (1 + token,), that recur and are not its end."""
    tokens = np.sort([token for note in sounding_notes(ids, shape) for token in note.tokens])
    for melody in melodies_of(ids, shape):
        for end, earlier in earlier_occurrences([note.pitch for note in melody], length):
            query = melody[end].tokens[-1] + unit_of(shape) - 1
            if query < len(ids):
                keys = [token for note in earlier for token in melody[note].tokens]
                yield Recurrence(query, keys, int(np.searchsorted(tokens, query, side="right")))


def earlier_occurrences(pitch: Sequence[int], length: int) -> Iterator[tuple[int, list[int]]]:
    """Yield the last note of each recurring motif, and the notes of its earlier occurrences."""
    ends: dict[bytes, list[int]] = defaultdict(list)  # last notes of the occurrences, by motif
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


def _without_rest(ids: np.ndarray, shape: DataShape) -> np.ndarray:
    """Drop an incomplete 16th at the end."""
    return ids[: 1 + (len(ids) - 1) // unit_of(shape) * unit_of(shape)]

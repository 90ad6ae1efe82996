"""Measures whether heads attend to earlier occurrences of the current motif.

The lecture's animation shows arcs from a note to the notes that its heads attend to. Here the query
predicts the continuation of a motif (see metrics.motifs): the id of the same voice after its last
note. The earlier occurrences of a motif are the notes of the same intervals in the same melody,
before the motif begins, and the note after each occurrence, which a continuation would copy.

Chance is a head that attends uniformly to the ids of all notes, and to no time, velocity or
silence: one that distinguishes notes from other events, but no motifs. The control is the same head
at the same distances, where a voice goes on and no motif recurs: one that looks back so far anyway.
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
from pipeline.tasks.music.metrics.statistics import ON_MOTIFS, ON_NO_MOTIFS


class Shares(NamedTuple):
    """Shares of attention on earlier occurrences of the current motif."""

    of_heads: np.ndarray  # (motif, layer, head); (0,) if no motif recurs
    chance: np.ndarray  # (motif,), under uniform attention to the visible ids of notes
    control: (
        np.ndarray
    )  # (motif, layer, head), where nothing recurs; NaN if nowhere at those distances
    piece: np.ndarray  # (motif,), its number


class MotifAttention(NamedTuple):
    """Measurements of the attention to motifs, and their statistics by test piece."""

    metrics: dict[str, dict[str, float | int]]
    statistics: dict[str, np.ndarray]  # (piece,)


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
) -> MotifAttention:
    """Compute the share of attention on earlier occurrences of the current motif, by head.

    Over the first `window` tokens of pieces, ids (1 + token,). In `on_motifs`, `queries` is the
    number of motifs of the test pieces that recur, and `chance` the share under uniform attention
    to notes; `chosen_head` is the share of the head with the highest share on the validation
    pieces, since the maximum over heads on the test pieces is biased upwards; `control` is that of
    the same head. `heads` has the shares of all heads. Empty if no motif recurs, or without full
    attention.
    """
    if not has_full_attention(model):
        return MotifAttention({}, {})
    on_validation, on_test = (
        _shares(model, pieces, window, length) for pieces in (validation, test)
    )
    if not (len(on_validation.of_heads) and len(on_test.of_heads)):
        return MotifAttention({}, {})
    means = on_test.of_heads.mean(axis=0)
    chosen = np.unravel_index(on_validation.of_heads.mean(axis=0).argmax(), means.shape)
    statistics = _statistics(on_test, chosen, len(test))
    heads = {
        f"layer_{layer}_head_{head}": float(share)
        for layer, row in enumerate(means)
        for head, share in enumerate(row)
    }
    on_motifs = {
        "queries": len(on_test.of_heads),
        "chance": float(on_test.chance.mean()),
        "mean_of_heads": float(means.mean()),
        "chosen_head": float(means[chosen]),
        "control": float(
            statistics[ON_NO_MOTIFS[0]].sum() / max(statistics[ON_NO_MOTIFS[1]].sum(), 1)
        ),
    }
    return MotifAttention({"on_motifs": on_motifs, "heads": heads}, statistics)


def _statistics(shares: Shares, head: tuple[int, int], pieces: int) -> dict[str, np.ndarray]:
    """Sum the shares of a head and of its control, where there is one, (piece,) each."""
    layer, number = head
    has_control = ~np.isnan(shares.control[:, layer, number])
    columns = {
        ON_MOTIFS[0]: shares.of_heads[:, layer, number],
        ON_NO_MOTIFS[0]: shares.control[:, layer, number],
    }
    of_pieces = shares.piece[has_control]
    statistics = {
        name: np.bincount(of_pieces, values[has_control], pieces)
        for name, values in columns.items()
    }
    return statistics | {ON_MOTIFS[1]: np.bincount(of_pieces, minlength=pieces)}


def has_full_attention(model: AutoregressiveModel) -> bool:
    """Return whether every query can attend to all notes before it."""
    settings = model.settings
    return isinstance(settings, TransformerSettings) and isinstance(settings.attention, Full)


def _shares(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], window: int, length: int
) -> Shares:
    shares, chances, controls, numbers = [], [], [], []
    for number, ids in enumerate(pieces):
        inputs = np.asarray(ids[:window], np.int64)
        found = list(recurrences(_without_rest(inputs, model.shape), model.shape, length))
        if not found:
            continue
        device = next(model.parameters()).device
        internals = model.internals(torch.from_numpy(inputs)[None].to(device))
        weights = torch.cat(internals.decoder_attention).cpu().numpy()  # (layer, head, query, key)
        quiet = _queries_without_recurrence(inputs, model.shape, found)
        for motif in found:
            shares.append(weights[:, :, motif.query, motif.keys].sum(axis=-1))
            chances.append(len(motif.keys) / motif.visible)
            controls.append(_control(weights, motif, quiet, unit_of(model.shape)))
            numbers.append(number)
    return Shares(
        np.array(shares), np.array(chances), np.array(controls), np.array(numbers, np.int64)
    )


def _queries_without_recurrence(
    ids: np.ndarray, shape: DataShape, found: Sequence[Recurrence]
) -> np.ndarray:
    """Return the positions that predict how a voice goes on, but not after a motif that recurs."""
    queries = {
        note.tokens[-1] + unit_of(shape) - 1
        for melody in melodies_of(_without_rest(ids, shape), shape)
        for note in melody
    }
    recurring = {motif.query for motif in found}
    return np.array(sorted(query for query in queries - recurring if query < len(ids)), np.int64)


def _control(weights: np.ndarray, motif: Recurrence, quiet: np.ndarray, unit: int) -> np.ndarray:
    """Return the mean attention (layer, head) of queries of the same voice at the same distances.

    `weights` are (layer, head, query, key). NaN if no query has all these distances before it.
    """
    distances = motif.query - np.array(motif.keys)
    same = quiet[((quiet - motif.query) % unit == 0) & (quiet > distances.max())]
    if not len(same):
        return np.full(weights.shape[:2], np.nan)
    return weights[:, :, same[:, None], same[:, None] - distances].sum(axis=-1).mean(axis=-1)


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

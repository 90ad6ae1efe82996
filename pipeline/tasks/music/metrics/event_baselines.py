"""Count-based baselines of performances and tunes."""

from collections.abc import Sequence
from types import ModuleType

import numpy as np


def event_baselines(
    train: Sequence[np.ndarray], test: Sequence[np.ndarray], codec: ModuleType
) -> dict[str, float]:
    """Evaluate baselines on test ids (1 + event,), with START, with counts of training ids.

    An event is that of a performance or a note or rest of a tune; `codec` is their module.

    `unigram_nats` and `bigram_nats`: nats per event, alone and given the previous event, with
    add-one smoothing. `bigram_accuracy`: accuracy of predicting the most frequent successor.
    `onset_accuracy`: accuracy at events that begin a note of predicting the most frequent of them.
    """
    train_events, train_previous = _pairs(train)
    test_events, test_previous = _pairs(test)
    inputs, outputs = codec.SHAPE.inputs, codec.SHAPE.outputs
    counts = np.bincount(train_events, minlength=outputs)
    pairs = np.bincount(train_previous * outputs + train_events, minlength=inputs * outputs)
    pairs = pairs.reshape(inputs, outputs)
    unigram = np.log((counts + 1) / (counts + 1).sum())
    bigram = np.log((pairs + 1) / (pairs + 1).sum(axis=1, keepdims=True))
    onsets = test_events[codec.begins_note(test_events)]
    likeliest = np.where(codec.begins_note(np.arange(outputs)), counts, -1).argmax()
    return {
        "unigram_nats": -float(unigram[test_events].mean()),
        "bigram_nats": -float(bigram[test_previous, test_events].mean()),
        "bigram_accuracy": float((pairs.argmax(axis=1)[test_previous] == test_events).mean()),
        "onset_accuracy": float((onsets == likeliest).mean()),
    }


def _pairs(pieces: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the events of all pieces, and the events before them."""
    events = np.concatenate([ids[1:] for ids in pieces]).astype(np.int64)
    return events, np.concatenate([ids[:-1] for ids in pieces]).astype(np.int64)

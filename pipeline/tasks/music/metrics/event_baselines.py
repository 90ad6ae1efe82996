"""Count-based baselines of performances."""

from collections.abc import Sequence

import numpy as np

from pipeline.tasks.music.codec.events import NOTE_OFF, OUTPUTS, START


def event_baselines(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> dict[str, float]:
    """Evaluate baselines on test ids (1 + event,), with START, with counts of training ids.

    `unigram_nats` and `bigram_nats`: nats per event, alone and given the previous event, with
    add-one smoothing. `bigram_accuracy`: accuracy of predicting the most frequent successor.
    `onset_accuracy`: accuracy at NOTE_ONs of predicting the most frequent NOTE_ON.
    """
    train_events, train_previous = _pairs(train)
    test_events, test_previous = _pairs(test)
    counts = np.bincount(train_events, minlength=OUTPUTS)
    pairs = np.bincount(train_previous * OUTPUTS + train_events, minlength=(START + 1) * OUTPUTS)
    pairs = pairs.reshape(START + 1, OUTPUTS)
    unigram = np.log((counts + 1) / (counts + 1).sum())
    bigram = np.log((pairs + 1) / (pairs + 1).sum(axis=1, keepdims=True))
    note_ons = test_events[test_events < NOTE_OFF]
    return {
        "unigram_nats": -float(unigram[test_events].mean()),
        "bigram_nats": -float(bigram[test_previous, test_events].mean()),
        "bigram_accuracy": float((pairs.argmax(axis=1)[test_previous] == test_events).mean()),
        "onset_accuracy": float((note_ons == counts[:NOTE_OFF].argmax()).mean()),
    }


def _pairs(pieces: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the events of all pieces, and the events before them."""
    events = np.concatenate([ids[1:] for ids in pieces]).astype(np.int64)
    return events, np.concatenate([ids[:-1] for ids in pieces]).astype(np.int64)

"""What simple rules reach on test performances; their counts come from the training ones."""

from collections.abc import Sequence

import numpy as np

from pipeline.tasks.music.codec.events import NOTE_OFF, OUTPUTS, START


def event_baselines(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> dict[str, float]:
    """Baselines over ids (1 + event,) with START.

    `unigram_nats` and `bigram_nats`: nats per event, alone and given the event before, with add-one
    smoothing. `bigram_accuracy`: the commonest follower is the guess. `onset_accuracy`: at
    NOTE_ONs the guess is the commonest NOTE_ON.
    """
    known, before = _pairs(train)
    tested, tested_before = _pairs(test)
    counts = np.bincount(known, minlength=OUTPUTS)
    pairs = np.bincount(before * OUTPUTS + known, minlength=(START + 1) * OUTPUTS)
    pairs = pairs.reshape(START + 1, OUTPUTS)
    unigram = np.log((counts + 1) / (counts + 1).sum())
    bigram = np.log((pairs + 1) / (pairs + 1).sum(axis=1, keepdims=True))
    struck = tested[tested < NOTE_OFF]
    return {
        "unigram_nats": -float(unigram[tested].mean()),
        "bigram_nats": -float(bigram[tested_before, tested].mean()),
        "bigram_accuracy": float((pairs.argmax(axis=1)[tested_before] == tested).mean()),
        "onset_accuracy": float((struck == counts[:NOTE_OFF].argmax()).mean()),
    }


def _pairs(pieces: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All events, and the one before each."""
    events = np.concatenate([ids[1:] for ids in pieces]).astype(np.int64)
    return events, np.concatenate([ids[:-1] for ids in pieces]).astype(np.int64)

"""What simple rules reach on test chorales; their counts come from the training chorales."""

from collections.abc import Sequence

import numpy as np

from pipeline.tasks.music.codec.grid import INPUTS, OUTPUTS, SILENCE, START, VOICES, onsets


def baselines(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> dict[str, float]:
    """Baselines over grids (time, voice).

    `unigram_nats` and `bigram_nats`: nats per token of a voice's pitch, alone and given the voice's
    previous pitch, with add-one smoothing. `hold_accuracy`: the voice's previous pitch is the
    guess, and the first chord is missed. `onset_accuracy`: at onsets, where holding is always
    wrong, the guess is the voice's most frequent onset in training.
    """
    known, tested = np.concatenate(train), np.concatenate(test)
    before, tested_before = (np.concatenate([_previous(grid) for grid in g]) for g in (train, test))
    moved, tested_moved = (np.concatenate([onsets(grid) for grid in g]) for g in (train, test))
    unigram = _log_shares(_count(known, OUTPUTS))
    pairs = _count(before * OUTPUTS + known, INPUTS * OUTPUTS)
    bigram = _log_shares(pairs.reshape(len(VOICES), INPUTS, OUTPUTS))
    entered = _count(np.where(moved, known, SILENCE), OUTPUTS)[:, :SILENCE]  # no onset is silent
    voice = np.arange(len(VOICES))
    return {
        "unigram_nats": -float(unigram[voice, tested].mean()),
        "bigram_nats": -float(bigram[voice, tested_before, tested].mean()),
        "hold_accuracy": float((tested_before == tested).mean()),
        "onset_accuracy": float((tested == entered.argmax(axis=1))[tested_moved].mean()),
    }


def _previous(grid: np.ndarray) -> np.ndarray:
    """The pitch before each, (time, voice); START before the first."""
    first = np.full((1, len(VOICES)), START)
    return np.concatenate([first, grid[:-1]])


def _count(values: np.ndarray, size: int) -> np.ndarray:
    """How often each value 0 .. size - 1 stands in each voice, (voice, size)."""
    return np.stack([np.bincount(column, minlength=size) for column in values.T])


def _log_shares(counts: np.ndarray) -> np.ndarray:
    """Log-probabilities over the last axis, with one added to every count."""
    return np.log((counts + 1) / (counts + 1).sum(axis=-1, keepdims=True))

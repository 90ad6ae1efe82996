"""Count-based baselines of chorales."""

from collections.abc import Sequence

import numpy as np

from pipeline.tasks.music.codec.grid import INPUTS, OUTPUTS, SILENCE, START, VOICES, onsets


def baselines(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> dict[str, float]:
    """Evaluate baselines on test grids (time, voice) with counts of training grids.

    `unigram_nats` and `bigram_nats`: nats per token of a voice's pitch, alone and given the voice's
    previous pitch, with add-one smoothing. `hold_accuracy`: accuracy of predicting the voice's
    previous pitch; the first chord is always wrong. `onset_accuracy`: accuracy at onsets of
    predicting the voice's most frequent onset in training.
    """
    train_pitch, test_pitch = np.concatenate(train), np.concatenate(test)
    train_previous, test_previous = (
        np.concatenate([_previous(grid) for grid in grids]) for grids in (train, test)
    )
    train_onset, test_onset = (
        np.concatenate([onsets(grid) for grid in grids]) for grids in (train, test)
    )
    unigram = _log_probabilities(_count(train_pitch, OUTPUTS))
    pairs = _count(train_previous * OUTPUTS + train_pitch, INPUTS * OUTPUTS)
    bigram = _log_probabilities(pairs.reshape(len(VOICES), INPUTS, OUTPUTS))
    onset_counts = _count(np.where(train_onset, train_pitch, SILENCE), OUTPUTS)[:, :SILENCE]
    voice = np.arange(len(VOICES))
    return {
        "unigram_nats": -float(unigram[voice, test_pitch].mean()),
        "bigram_nats": -float(bigram[voice, test_previous, test_pitch].mean()),
        "hold_accuracy": float((test_previous == test_pitch).mean()),
        "onset_accuracy": float((test_pitch == onset_counts.argmax(axis=1))[test_onset].mean()),
    }


def _previous(grid: np.ndarray) -> np.ndarray:
    """Shift a grid (time, voice) by one 16th; START precedes the first."""
    first = np.full((1, len(VOICES)), START)
    return np.concatenate([first, grid[:-1]])


def _count(values: np.ndarray, size: int) -> np.ndarray:
    """Count the values 0 .. size - 1 of each voice, (voice, size)."""
    return np.stack([np.bincount(column, minlength=size) for column in values.T])


def _log_probabilities(counts: np.ndarray) -> np.ndarray:
    """Convert counts to log-probabilities over the last axis, with add-one smoothing."""
    return np.log((counts + 1) / (counts + 1).sum(axis=-1, keepdims=True))

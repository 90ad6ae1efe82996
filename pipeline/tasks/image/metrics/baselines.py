"""Count-based baselines: bits per dimension without a network."""

import math
from collections.abc import Callable

import numpy as np

from pipeline.tasks.image.codec import ImageCodec

Context = Callable[[np.ndarray, int, ImageCodec], np.ndarray]


def baseline_bits(train: np.ndarray, test: np.ndarray, codec: ImageCodec) -> dict[str, float]:
    """Compute bits per dimension of `test` under count tables of `train`, add-one smoothed.

    Both are ids (image, 1 + dimensions). Intensities are conditional on nothing (`unigram`) or on
    the same channel of the pixel to the left (`left_neighbour`). `left_difference` has one table
    for the difference to the pixel to the left, which needs few images even with many intensities.
    """
    return {
        "uniform": math.log2(codec.levels),
        "unigram": _shared_table_bits(train, test, codec, _no_context, _intensity),
        "left_neighbour": _shared_table_bits(train, test, codec, _left_neighbour, _intensity),
        "left_difference": _shared_table_bits(train, test, codec, _first_column, _difference),
    }


def _shared_table_bits(
    train: np.ndarray, test: np.ndarray, codec: ImageCodec, context: Context, value: Context
) -> float:
    """Share a table between all positions; process one at a time to save memory."""
    counts = np.ones((codec.levels + 1, codec.levels))
    positions = range(codec.dimensions)
    for position in positions:
        counts += _counts(
            context(train, position, codec), value(train, position, codec), counts.shape
        )
    bits = -np.log2(counts / counts.sum(axis=1, keepdims=True))
    total = sum(
        bits[context(test, position, codec), value(test, position, codec)].sum()
        for position in positions
    )
    return float(total / (len(test) * codec.dimensions))


def class_and_position_bits(train: np.ndarray, test: np.ndarray, codec: ImageCodec) -> np.ndarray:
    """Compute the bits (image,) of `test`, given class and position of each intensity.

    There is a table per position, add-one smoothed, with a row per class: pixels are independent
    given the class.
    """
    train_classes, test_classes = (
        ids[:, 0].astype(np.int64) - codec.levels for ids in (train, test)
    )
    bits = np.zeros(len(test))
    for position in range(1, codec.dimensions + 1):
        counts = 1.0 + _counts(train_classes, train[:, position], (codec.classes, codec.levels))
        probabilities = counts[test_classes, test[:, position]] / counts.sum(axis=1)[test_classes]
        bits -= np.log2(probabilities)
    return bits


def _counts(contexts: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Count pairs of contexts and values (image,): a table (context, value)."""
    pairs = contexts.astype(np.int64) * shape[1] + values
    return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)


def _no_context(ids: np.ndarray, position: int, codec: ImageCodec) -> np.ndarray:
    return np.zeros(len(ids), np.int64)


def _left_neighbour(ids: np.ndarray, position: int, codec: ImageCodec) -> np.ndarray:
    """The intensity to the left, or `levels` in the first column."""
    if _is_first(position, codec):
        return np.full(len(ids), codec.levels)
    return ids[:, 1 + position - codec.channels]


def _first_column(ids: np.ndarray, position: int, codec: ImageCodec) -> np.ndarray:
    return np.full(len(ids), int(_is_first(position, codec)))


def _intensity(ids: np.ndarray, position: int, codec: ImageCodec) -> np.ndarray:
    return ids[:, 1 + position]


def _difference(ids: np.ndarray, position: int, codec: ImageCodec) -> np.ndarray:
    """The difference to the left, modulo `levels`, or the intensity in the first column."""
    values = ids[:, 1 + position].astype(np.int64)
    if _is_first(position, codec):
        return values
    return (values - ids[:, 1 + position - codec.channels]) % codec.levels


def _is_first(position: int, codec: ImageCodec) -> bool:
    return position % (codec.width * codec.channels) < codec.channels

"""Tables of intensities: what images cost without a network."""

import math
from collections.abc import Callable

import numpy as np

from pipeline.tasks.image.codec import ImageCodec

Context = Callable[[np.ndarray, int, ImageCodec], np.ndarray]


def baseline_bits(train: np.ndarray, test: np.ndarray, codec: ImageCodec) -> dict[str, float]:
    """Bits per dimension of `test` under tables of intensities, add-one smoothed, of `train`.

    Both are ids (image, 1 + dimensions). A table is conditional on nothing (`unigram`), on the same
    channel of the pixel to the left (`left_neighbour`), or on class and place: what an image costs
    when its pixels are independent. `left_difference` has one table for the difference to the pixel
    to the left, so that it learns from few images of many intensities.
    """
    return {
        "uniform": math.log2(codec.levels),
        "unigram": _shared_table_bits(train, test, codec, _no_context, _intensity),
        "left_neighbour": _shared_table_bits(train, test, codec, _left_neighbour, _intensity),
        "left_difference": _shared_table_bits(train, test, codec, _first_column, _difference),
        "class_and_position": _class_and_position_bits(train, test, codec),
    }


def _shared_table_bits(
    train: np.ndarray, test: np.ndarray, codec: ImageCodec, context: Context, value: Context
) -> float:
    """All places share a table; one place at a time, so that no array has all contexts."""
    counts = np.ones((codec.levels + 1, codec.levels))
    places = range(codec.dimensions)
    for place in places:
        counts += _counts(context(train, place, codec), value(train, place, codec), counts.shape)
    bits = -np.log2(counts / counts.sum(axis=1, keepdims=True))
    spent = sum(
        bits[context(test, place, codec), value(test, place, codec)].sum() for place in places
    )
    return float(spent / (len(test) * codec.dimensions))


def _class_and_position_bits(train: np.ndarray, test: np.ndarray, codec: ImageCodec) -> float:
    """Every place has a table of its own, of a row per class."""
    train_classes, test_classes = (
        ids[:, 0].astype(np.int64) - codec.levels for ids in (train, test)
    )
    spent = 0.0
    for place in range(1, codec.dimensions + 1):
        counts = 1.0 + _counts(train_classes, train[:, place], (codec.classes, codec.levels))
        seen = counts[test_classes, test[:, place]] / counts.sum(axis=1)[test_classes]
        spent -= np.log2(seen).sum()
    return float(spent / (len(test) * codec.dimensions))


def _counts(contexts: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How often each value follows each context."""
    pairs = contexts.astype(np.int64) * shape[1] + values
    return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)


def _no_context(ids: np.ndarray, place: int, codec: ImageCodec) -> np.ndarray:
    return np.zeros(len(ids), np.int64)


def _left_neighbour(ids: np.ndarray, place: int, codec: ImageCodec) -> np.ndarray:
    """The intensity to the left; the first column has a symbol of its own."""
    if _is_first(place, codec):
        return np.full(len(ids), codec.levels)
    return ids[:, 1 + place - codec.channels]


def _first_column(ids: np.ndarray, place: int, codec: ImageCodec) -> np.ndarray:
    return np.full(len(ids), int(_is_first(place, codec)))


def _intensity(ids: np.ndarray, place: int, codec: ImageCodec) -> np.ndarray:
    return ids[:, 1 + place]


def _difference(ids: np.ndarray, place: int, codec: ImageCodec) -> np.ndarray:
    """The difference to the left, modulo the levels; the intensity itself in the first column."""
    values = ids[:, 1 + place].astype(np.int64)
    if _is_first(place, codec):
        return values
    return (values - ids[:, 1 + place - codec.channels]) % codec.levels


def _is_first(place: int, codec: ImageCodec) -> bool:
    return place % (codec.width * codec.channels) < codec.channels

"""Bits per dimension: what a pixel of the test images costs, given its class and those before it.

Exact: every pixel of every test image, natural log-likelihood / (pixels * ln 2) (Parmar et al.
2018, section 5.1). The baselines are counted on the training images.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.network import pixel_order
from pipeline.bootstrap import interval
from pipeline.corpus import Split, read_sequences
from pipeline.decoding.likelihood import token_nll
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.settings import ImageEvaluation

_DIGITS = 6


def evaluate(
    model: nn.Module, encoded: Path, samples: Path, evaluation: ImageEvaluation
) -> dict[str, Any]:
    """Return bits per dimension of the test split, its 95 % interval over images, and baselines.

    `records` have the bits per dimension of each image.
    """
    codec = ImageCodec.of(model.shape)
    train, test = (_read_ids(encoded, split, codec) for split in ("train", "test"))
    bits = _image_bits(model, codec, test, evaluation.batch_images)
    pixels = np.full(len(bits), codec.height * codec.width)
    low, high = interval(bits, pixels, evaluation.bootstrap_samples, evaluation.bootstrap_seed)
    return {
        "test": {
            "bits_per_dimension": round(float(bits.sum() / pixels.sum()), _DIGITS),
            "bits_per_dimension_low": round(low, _DIGITS),
            "bits_per_dimension_high": round(high, _DIGITS),
            "images": len(bits),
        },
        "baseline": {
            name: round(bits, _DIGITS) for name, bits in baseline_bits(train, test, codec).items()
        },
        "records": {
            "test": [{"bits_per_dimension": round(float(each), _DIGITS)} for each in bits / pixels]
        },
    }


def baseline_bits(train: np.ndarray, test: np.ndarray, codec: ImageCodec) -> dict[str, float]:
    """Bits per dimension of `test` under tables of intensities, add-one smoothed, of `train`.

    Both are ids (image, 1 + height * width). A table is conditional on nothing (`unigram`), on the
    pixel to the left, or on class and place: what an image costs when its pixels are independent.
    """
    return {
        "uniform": math.log2(codec.levels),
        "unigram": _table_bits(train, test, codec, _no_context),
        "left_neighbour": _table_bits(train, test, codec, _left_neighbour),
        "class_and_position": _table_bits(train, test, codec, _class_and_position),
    }


def _table_bits(
    train: np.ndarray,
    test: np.ndarray,
    codec: ImageCodec,
    context: Callable[[np.ndarray, ImageCodec], np.ndarray],
) -> float:
    contexts, test_contexts = context(train, codec), context(test, codec)
    counts = np.ones((max(contexts.max(), test_contexts.max()) + 1, codec.levels))
    np.add.at(counts, (contexts, train[:, 1:]), 1)
    probabilities = counts / counts.sum(axis=1, keepdims=True)
    return float(-np.log2(probabilities[test_contexts, test[:, 1:]]).mean())


def _no_context(ids: np.ndarray, codec: ImageCodec) -> np.ndarray:
    return np.zeros_like(ids[:, 1:])


def _left_neighbour(ids: np.ndarray, codec: ImageCodec) -> np.ndarray:
    """The intensity to the left; the first column has a symbol of its own."""
    left = ids[:, :-1].copy()
    left[:, :: codec.width] = codec.levels
    return left


def _class_and_position(ids: np.ndarray, codec: ImageCodec) -> np.ndarray:
    pixels = codec.height * codec.width
    return (ids[:, :1] - codec.levels) * pixels + np.arange(pixels)


def _read_ids(encoded: Path, split: Split, codec: ImageCodec) -> np.ndarray:
    """Return the checked ids (image, 1 + height * width) of a split."""
    images = [codec.decode(ids) for ids in read_sequences(encoded, split, "pixels")]
    return np.stack([codec.encode(label, pixels) for label, pixels in images])


def _image_bits(
    model: nn.Module, codec: ImageCodec, ids: np.ndarray, batch_images: int
) -> np.ndarray:
    """Bits of each whole image (image,) given its class."""
    order = np.array(pixel_order(model.settings, model.shape))
    device = next(model.parameters()).device
    sequences = torch.from_numpy(np.hstack([ids[:, :1], ids[:, 1:][:, order]])).to(device)
    nats = [
        token_nll(model, batch[:, :-1], batch[:, 1:]).double().sum(dim=1)
        for batch in sequences.split(batch_images)
    ]
    return torch.cat(nats).cpu().numpy() / math.log(2)

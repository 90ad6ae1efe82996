"""Bits per dimension of the test images, and of the baselines.

Exact: -log-likelihood of every intensity given the class and the intensities before it, divided by
dimensions * ln 2 (Parmar et al. 2018, section 5.1).
"""

import math
from pathlib import Path

import numpy as np
import torch

from models.shared.base import AutoregressiveModel
from models.shared.order import generation_order, super_resolution_factor
from pipeline.blocks import block_statistics, read_blocks
from pipeline.corpus import read_sequences
from pipeline.evaluation import Evaluation, records_of
from pipeline.statistics.compute import ratio
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.metrics.baselines import baseline_bits, class_and_position_bits
from pipeline.tasks.image.metrics.codecs import codec_bits
from pipeline.tasks.image.metrics.statistics import BASELINES, BITS_PER_DIMENSION
from pipeline.tasks.image.metrics.super_resolution import bicubic_bits, measure_super_resolution
from pipeline.tasks.image.settings import ImageEvaluation

_DIGITS = 6


def evaluate(
    model: AutoregressiveModel, encoded: Path, samples: Path, evaluation: ImageEvaluation
) -> Evaluation:
    """Evaluate `model` and baselines on the test split.

    Super-resolution is also measured by its `samples`. The details are the bits per dimension of
    each image.
    """
    codec = ImageCodec.of(model.shape)
    train, test = (read_sequences(encoded, split, "pixels").rows() for split in ("train", "test"))
    codec.check(train)
    _, pixels = codec.decode_all(test)
    factor = super_resolution_factor(model.settings)
    source = None if factor is None else codec.sources(pixels, factor)
    bits = _image_bits(model, test, source, evaluation.batch_images)
    dimensions = np.full(len(bits), codec.dimensions)
    statistics = dict(zip(BITS_PER_DIMENSION, (bits, dimensions), strict=True))
    score = float(ratio(np.array([bits.sum(), dimensions.sum()])))
    metrics = {"bits_per_dimension": round(score, _DIGITS), "images": len(bits)}
    statistics |= _blocks(samples, len(bits))
    by_image = codec_bits(pixels)
    by_image["class_and_position"] = class_and_position_bits(train, test, codec)
    references = baseline_bits(train, test, codec)
    if factor is not None:
        _, train_pixels = codec.decode_all(train)
        by_image["bicubic"] = bicubic_bits(train_pixels, pixels, factor, codec)
        enlarged = measure_super_resolution(samples, pixels, factor, codec)
        references["bicubic_psnr"] = enlarged.bicubic_psnr
        metrics |= enlarged.metrics
        statistics |= enlarged.statistics
    for name, values in by_image.items():
        references[name] = float(values.sum() / dimensions.sum())
        statistics[BASELINES[name][0]] = values
    return Evaluation(
        metrics={
            "test": metrics,
            "baseline": {name: round(value, _DIGITS) for name, value in references.items()},
        },
        records={"test": records_of(encoded, "test", (ids.tobytes() for ids in test), statistics)},
        details={
            "test": [
                {"bits_per_dimension": round(float(value), _DIGITS)} for value in bits / dimensions
            ]
        },
        figures={},
    )


def _blocks(samples: Path, images: int) -> dict[str, np.ndarray]:
    """Return the statistics (image,) of the blocks of completions; none without blocks."""
    blocks = read_blocks(samples)
    if blocks is None:
        return {}
    drawn = np.load(samples / "completions.npy", mmap_mode="r", allow_pickle=False)
    completed, each = drawn.shape[1:3]
    of_sequence = np.arange(len(blocks.sizes)) // each % completed
    return block_statistics(blocks, of_sequence, images)


@torch.no_grad()
def _image_bits(
    model: AutoregressiveModel, ids: np.ndarray, source: np.ndarray | None, batch_images: int
) -> np.ndarray:
    """Compute the bits (image,) of ids (image, 1 + dimensions), given classes and sources."""
    order = np.array(generation_order(model.settings, model.shape.layout))
    device = next(model.parameters()).device
    ids = ids.astype(np.int64)
    sequences = torch.from_numpy(np.hstack([ids[:, :1], ids[:, 1:][:, order]])).to(device)
    batches = sequences.split(batch_images)
    sources = [None] * len(batches)
    if source is not None:
        sources = torch.from_numpy(source).to(device).split(batch_images)
    nats = [
        model.nats(batch[:, :-1], batch[:, 1:], batch_source).double().sum(dim=1)
        for batch, batch_source in zip(batches, sources, strict=True)
    ]
    return torch.cat(nats).cpu().numpy() / math.log(2)

"""Bits per dimension: what an intensity of the test images costs, given class and those before it.

Exact: every intensity of every test image, natural log-likelihood / (dimensions * ln 2) (Parmar et
al. 2018, section 5.1). The baselines are counted on the training images; the codecs of image files
know nothing of them.
"""

import math
from pathlib import Path

import numpy as np
import torch

from models.shared.base import AutoregressiveModel
from models.shared.order import generation_order, super_resolution_factor
from pipeline.corpus import read_sequences
from pipeline.evaluation import Evaluation, records_of
from pipeline.statistics.bootstrap import interval
from pipeline.statistics.compute import ratio
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.metrics.baselines import baseline_bits
from pipeline.tasks.image.metrics.codecs import codec_bits
from pipeline.tasks.image.metrics.enlargement import bicubic_bits, measure_enlargements
from pipeline.tasks.image.metrics.statistics import BITS_PER_DIMENSION
from pipeline.tasks.image.settings import ImageEvaluation

_DIGITS = 6


def evaluate(
    model: AutoregressiveModel, encoded: Path, samples: Path, evaluation: ImageEvaluation
) -> Evaluation:
    """Measure bits per dimension of the test split, its 95 % interval over images, and baselines.

    The details are the bits per dimension of each image.
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
    metrics = _likelihood(np.stack([bits, dimensions], axis=1), evaluation)
    references = baseline_bits(train, test, codec) | codec_bits(pixels)
    if factor is not None:
        _, seen = codec.decode_all(train)
        references["bicubic"] = bicubic_bits(seen, pixels, factor, codec)
        enlargements = measure_enlargements(samples, pixels, factor, codec)
        references["bicubic_psnr"] = enlargements.bicubic_psnr
        metrics |= enlargements.metrics
        statistics |= enlargements.statistics
    return Evaluation(
        metrics={
            "test": metrics,
            "baseline": {name: round(bits, _DIGITS) for name, bits in references.items()},
        },
        records={"test": records_of(encoded, "test", (ids.tobytes() for ids in test), statistics)},
        details={
            "test": [
                {"bits_per_dimension": round(float(each), _DIGITS)} for each in bits / dimensions
            ]
        },
        figures={},
    )


def _likelihood(statistics: np.ndarray, evaluation: ImageEvaluation) -> dict[str, float]:
    """Bits per dimension of statistics (image, 2), with an interval over single images."""
    low, high = interval(
        statistics,
        range(len(statistics)),
        ratio,
        evaluation.bootstrap_samples,
        evaluation.bootstrap_seed,
    )
    return {
        "bits_per_dimension": round(float(ratio(statistics.sum(axis=0))), _DIGITS),
        "bits_per_dimension_low": round(low, _DIGITS),
        "bits_per_dimension_high": round(high, _DIGITS),
        "images": len(statistics),
    }


@torch.no_grad()
def _image_bits(
    model: AutoregressiveModel, ids: np.ndarray, source: np.ndarray | None, batch_images: int
) -> np.ndarray:
    """Bits of each whole image (image,) given its class, and its source if it has one."""
    order = np.array(generation_order(model.settings, model.shape.layout))
    device = next(model.parameters()).device
    ids = ids.astype(np.int64)
    sequences = torch.from_numpy(np.hstack([ids[:, :1], ids[:, 1:][:, order]])).to(device)
    batches = sequences.split(batch_images)
    sources = [None] * len(batches)
    if source is not None:
        sources = torch.from_numpy(source).to(device).split(batch_images)
    nats = [
        model.nats(batch[:, :-1], batch[:, 1:], read).double().sum(dim=1)
        for batch, read in zip(batches, sources, strict=True)
    ]
    return torch.cat(nats).cpu().numpy() / math.log(2)

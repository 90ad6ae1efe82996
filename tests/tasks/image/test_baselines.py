"""Networks without attention paint in raster order, from batches to metrics and samples."""

import math

import numpy as np
import pytest
import torch

from pipeline.corpus import write_sequences
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.image.batches import Batches
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.decoding.decode import decode, sample_images
from pipeline.tasks.image.metrics.evaluate import evaluate
from pipeline.tasks.image.settings import ImageDecoding, ImageEvaluation
from pipeline.training.trainer import train
from tests.models.baselines import DECODERS, changed, network
from tests.tasks.evaluations import write_clusters
from tests.tasks.image.networks import SHAPE
from tests.training.toys import image_training, inverse_square_root

HEIGHT, WIDTH = SHAPE.layout.height, SHAPE.layout.width
PIXELS = HEIGHT * WIDTH
SAMPLING = Sampling(seed=1, temperature=1.0, top_k=1, top_p=1.0)


@pytest.fixture
def encoded(tmp_path):
    """Ten images: the intensities count upwards from the class, in raster order."""
    rows = [[17 + label, *((label + np.arange(PIXELS)) % 17)] for label in range(10)]
    for split in ("train", "validation", "test"):
        write_sequences(tmp_path, split, "pixels", rows, np.dtype(np.int16))
    write_clusters(tmp_path, test=10)
    return tmp_path


@pytest.mark.parametrize("baseline", DECODERS.values(), ids=DECODERS)
def test_a_baseline_learns_measures_and_draws_what_counts_in_raster_order(encoded, baseline):
    model = network(changed(baseline, d_model=24), SHAPE).float()
    settings = image_training(
        steps=60,
        batch_tokens=10 * PIXELS,
        learning_rate=0.03,
        schedule=inverse_square_root(10),
        label_smoothing=0.0,
        average_checkpoints=1,
        validate_every=60,
        checkpoint_every=60,
    )
    batches = Batches(encoded, model.settings, SHAPE, settings)
    assert (batches.batch(1).targets.diff(dim=1) % 17 == 1).all()
    work = encoded / "work"
    work.mkdir()
    train(model, batches, settings, work, "toy")
    torch.use_deterministic_algorithms(False)

    measures = ImageEvaluation(bootstrap_samples=50, bootstrap_seed=1, batch_images=4)
    bits = evaluate(model.eval(), encoded, encoded, measures).metrics["test"]["bits_per_dimension"]
    assert bits < 0.2 * math.log2(17)

    known = np.full((10, HEIGHT, WIDTH, 1), -1)
    drawn = sample_images(model, ImageCodec.of(SHAPE), np.arange(10), known, SAMPLING)
    expected = (np.arange(10)[:, None] + np.arange(PIXELS)) % 17
    assert (drawn.reshape(10, -1) == expected).mean() > 0.9

    grids = {"samples_per_class": 1, "completed_images": 2, "completions_per_image": 1}
    grids |= {"completion_temperatures": [1.0]}
    decoding = ImageDecoding(sampling=SAMPLING, method=Method.SEQUENTIAL, **grids)
    decode(model, encoded, encoded, decoding)
    assert (encoded / "conditional.png").exists()

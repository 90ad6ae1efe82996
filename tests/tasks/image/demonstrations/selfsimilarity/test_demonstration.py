import numpy as np
import pytest
import torch

from pipeline.tasks.image.demonstrations.selfsimilarity.demonstration import demonstrate, psnr
from pipeline.tasks.image.demonstrations.selfsimilarity.nonlocal_means import nonlocal_means
from pipeline.tasks.image.demonstrations.settings import (
    Denoising,
    DenoisingTests,
    SelfSimilarity,
    Texture,
)

PLACE = {"photograph": "a.png", "top": 0, "left": 0}
TESTS = DenoisingTests(photographs=["a.png"], crops=1, size=12, draws=1)
SETTINGS = SelfSimilarity(
    task="image",
    kind="self_similarity",
    dataset="photographs",
    seed=3,
    denoising=Denoising(**PLACE, size=12, noise=20.0, patch=3, bandwidth=15.0, tests=TESTS),
    texture=Texture(**PLACE, sample=8, size=5, neighbourhood=3),
)


def test_what_is_denoised_is_the_noisy_piece():
    piece = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)

    figures, numbers = demonstrate(piece, piece[:8, :8], SETTINGS)

    clean = torch.from_numpy(piece).double()
    noisy = clean + torch.from_numpy(np.random.default_rng(3).normal(0.0, 20.0, piece.shape))
    denoised = nonlocal_means(noisy, 3, 15.0)
    assert np.array_equal(figures["noisy"], noisy.numpy())
    assert figures["denoised"] == pytest.approx(denoised.numpy())
    assert numbers["denoised"] == pytest.approx(psnr(clean, denoised), abs=1e-4)

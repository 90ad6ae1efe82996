import numpy as np
import pytest
import torch

from pipeline.tasks.image.demonstrations.selfsimilarity.demonstration import (
    brightness,
    demonstrate,
    perplexity,
    psnr,
)
from pipeline.tasks.image.demonstrations.selfsimilarity.nonlocal_means import (
    nonlocal_means,
    weights_of,
)
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


def test_the_weights_of_three_pixels_on_the_diagonal_are_drawn():
    piece = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)

    figures, numbers = demonstrate(piece, piece[:8, :8], SETTINGS)

    assert list(numbers["weights"]) == ["weights_1", "weights_2", "weights_3"]
    for place, (name, drawn) in zip((3, 6, 9), numbers["weights"].items(), strict=True):
        weights = weights_of(torch.from_numpy(figures["noisy"]), 3, 15.0, place, place).numpy()
        assert (drawn["row"], drawn["column"]) == (place, place)
        assert drawn["own"] == pytest.approx(weights[place, place], abs=1e-4)
        assert drawn["patches"] == pytest.approx(perplexity(weights), abs=0.1)
        assert np.array_equal(figures[name], brightness(weights))


def test_brightness_is_the_root_of_the_weight_and_white_from_the_second_on():
    weights = np.array([[0.7, 0.16], [0.04, 0.0]])

    assert brightness(weights) == pytest.approx(np.array([[255, 255], [127.5, 0]]))


def test_perplexity_counts_equal_weights():
    assert perplexity(np.full((4, 5), 0.05)) == pytest.approx(20)
    assert perplexity(np.array([0.5, 0.5, 0.0])) == pytest.approx(2)
    assert perplexity(np.array([1.0, 0.0])) == 1

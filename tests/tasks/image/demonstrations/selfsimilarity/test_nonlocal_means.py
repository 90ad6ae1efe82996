import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.restoration import denoise_nl_means

from models.transformer.attention import attention
from pipeline.tasks.image.demonstrations.selfsimilarity.nonlocal_means import (
    fixed_kernel,
    nonlocal_means,
    patches,
    weights_of,
)

torch.set_num_threads(1)


def naive_nonlocal_means(image, patch, bandwidth):
    """Pixel by pixel, from the definition."""
    height, width, channels = image.shape
    reach = patch // 2
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    gaussian = np.exp(-(rows**2 + columns**2) / (2 * ((patch - 1) / 4) ** 2))

    def around(row, column):
        return padded[row : row + patch, column : column + patch]

    places = [(row, column) for row in range(height) for column in range(width)]
    denoised = np.empty_like(image)
    for place in places:
        total, weights = np.zeros(channels), 0.0
        for other in places:
            differences = ((around(*place) - around(*other)) ** 2).mean(axis=2)
            distance = (differences * gaussian).sum() / gaussian.sum()
            weight = math.exp(-distance / bandwidth**2)
            total += weight * image[other]
            weights += weight
        denoised[place] = total / weights
    return denoised


@given(
    st.integers(3, 6),
    st.integers(3, 6),
    st.sampled_from([1, 3]),
    st.sampled_from([3, 5]),
    st.floats(0.05, 100.0),
    st.integers(0, 1000),
)
def test_attention_with_the_fixed_kernel_is_nonlocal_means(
    height, width, channels, patch, bandwidth, seed
):
    image = np.random.default_rng(seed).random((height, width, channels))

    denoised = nonlocal_means(torch.from_numpy(image), patch, bandwidth).numpy()

    assert denoised == pytest.approx(naive_nonlocal_means(image, patch, bandwidth), abs=1e-10)


def test_the_weights_of_attention_are_the_gaussian_kernel():
    vectors = torch.from_numpy(np.random.default_rng(0).random((7, 12))) + 100.0
    query, key = fixed_kernel(vectors)

    weights = attention(query, key, torch.eye(7, dtype=torch.float64), None, 0.0)

    kernel = torch.exp(-(torch.cdist(vectors, vectors) ** 2))
    assert torch.allclose(weights, kernel / kernel.sum(dim=1, keepdim=True), rtol=0, atol=1e-10)


def test_the_weights_of_a_pixel_make_what_it_becomes():
    image = torch.from_numpy(np.random.default_rng(0).random((5, 6, 3)))

    weights = weights_of(image, 3, 0.4, row=2, column=4)

    assert weights.shape == (5, 6) and weights.sum() == pytest.approx(1)
    assert weights.argmax() == 2 * 6 + 4
    denoised = nonlocal_means(image, 3, 0.4)[2, 4]
    assert torch.allclose((weights[..., None] * image).sum(dim=(0, 1)), denoised, atol=1e-12)


def test_float32_is_close_to_float64_though_the_norms_are_large():
    image = torch.from_numpy(np.random.default_rng(0).random((16, 16, 3))) * 20 + 200

    single, double = (
        nonlocal_means(image.to(dtype), 5, 12.0) for dtype in (torch.float32, torch.float64)
    )

    assert torch.allclose(single.double(), double, rtol=1e-5)


@pytest.mark.parametrize("patch", [3, 5])
def test_scikit_image_gives_the_same(patch):
    image = np.random.default_rng(0).random((16, 13, 3))

    ours = nonlocal_means(torch.from_numpy(image), patch, 0.4).numpy()

    # Its search window of 16 pixels on either side is the whole image; its exp is approximate.
    theirs = denoise_nl_means(
        image, patch, patch_distance=16, h=0.4, fast_mode=False, channel_axis=-1
    )
    assert np.abs(ours - theirs).max() < 5e-3
    assert np.abs(ours - image).max() > 0.1


def test_a_small_bandwidth_keeps_the_image_and_a_large_one_is_the_mean():
    image = torch.from_numpy(np.random.default_rng(0).random((5, 6, 3)))

    assert torch.allclose(nonlocal_means(image, 3, 1e-3), image)
    mean = image.mean(dim=(0, 1)).expand(5, 6, 3)
    assert torch.allclose(nonlocal_means(image, 3, 1e4), mean, atol=1e-7)


def test_a_patch_is_mirrored_at_the_edges():
    image = torch.arange(9.0).view(3, 3, 1)

    corner, middle = patches(image, 3)[[0, 4]]

    pixels = [4, 3, 4, 1, 0, 1, 4, 3, 4]
    weights = patches(torch.ones(3, 3, 1), 3)[4]
    assert torch.allclose(corner, torch.tensor(pixels) * weights)
    assert torch.allclose(middle, torch.arange(9) * weights)

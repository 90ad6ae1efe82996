import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.image.demonstrations.selfsimilarity import texture as growing
from pipeline.tasks.image.demonstrations.selfsimilarity.texture import (
    _frontier,
    _Neighbourhoods,
    synthesise,
)


def stripes(height, width):
    """Vertical stripes, two pixels wide, of two colours."""
    columns = (np.arange(width) // 2) % 2
    colours = np.array([[10.0, 20.0, 30.0], [200.0, 100.0, 50.0]])
    return np.broadcast_to(colours[columns], (height, width, 3)).copy()


def test_stripes_grow_into_the_same_stripes():
    texture = synthesise(stripes(14, 14), size=20, neighbourhood=7, seed=1)

    assert (texture == texture[0]).all()
    left = (texture[0] == texture[0, 0]).all(axis=1)
    edges = np.flatnonzero(np.diff(left))
    assert (np.diff(edges) == 2).all() and len(edges) >= 9


@given(st.integers(0, 1000), st.integers(4, 9), st.sampled_from([1, 3]))
def test_every_pixel_is_one_of_the_sample_and_equal_seeds_give_equal_textures(seed, size, channels):
    sample = np.random.default_rng(seed).random((9, 8, channels))

    texture = synthesise(sample, size, 5, seed)

    assert texture.shape == (size, size, channels)
    known = {pixel.tobytes() for pixel in sample.reshape(-1, channels)}
    assert {
        pixel.tobytes() for pixel in np.ascontiguousarray(texture).reshape(-1, channels)
    } <= known
    assert np.array_equal(texture, synthesise(sample, size, 5, seed))


@given(st.integers(0, 1000))
def test_distances_are_gaussian_means_over_the_known_pixels(seed):
    random = np.random.default_rng(seed)
    sample, around, known = (
        random.random((6, 7, 3)),
        random.random((5, 5, 3)),
        random.random((5, 5)) < 0.5,
    )
    known[0, 0] = True

    distances = _Neighbourhoods(sample, 5).distances(around, known)

    steps = np.arange(5) - 2
    gaussian = np.exp(-(steps[:, None] ** 2 + steps**2) / (2 * (5 / 6.4) ** 2)) * known
    expected = [
        (((sample[row : row + 5, column : column + 5] - around) ** 2).sum(axis=2) * gaussian).sum()
        / (3 * gaussian.sum())
        for row in range(2)
        for column in range(3)
    ]
    assert distances == pytest.approx(np.array(expected))


class HandMade:
    """A library whose neighbourhoods are as far away as is said, whatever surrounds a pixel."""

    DISTANCES = np.array([2.3, 2.0, 2.1, 2.19, 2.21, 3.0, 9.0])

    def __init__(self, sample, size):
        self.centres = np.arange(1.0, 1 + len(self.DISTANCES))[:, None]

    def distances(self, around, known):
        return self.DISTANCES


def test_every_neighbourhood_within_a_tenth_of_the_best_is_drawn_and_no_other(monkeypatch):
    monkeypatch.setattr(growing, "_Neighbourhoods", HandMade)
    black = np.zeros((5, 5, 1))

    drawn = {pixel for seed in range(20) for pixel in synthesise(black, 6, 3, seed).ravel()}

    assert drawn == {0.0, 2.0, 3.0, 4.0}  # the first is that of the sample


def test_what_has_most_around_it_comes_first():
    filled = np.zeros((7, 7), bool)
    filled[1:4, 1:4] = True
    filled[2, 3] = False

    places = _frontier(filled, 1, np.random.default_rng(0))

    assert places[0].tolist() == [1, 2]  # the gap, without the margin
    assert {tuple(place) for place in places} == {
        *((1, 2), (0, 3), (1, 3), (2, 3), (3, 3)),
        *((3, 0), (3, 1), (3, 2)),
    }

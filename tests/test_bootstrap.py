import numpy as np
import pytest

from pipeline.bootstrap import interval


def test_the_interval_of_a_mean_is_the_normal_one():
    sums = np.random.default_rng(3).normal(5.0, 2.0, 4000)
    low, high = interval(sums, np.ones(4000), 2000, seed=1)
    half = 1.96 * sums.std() / np.sqrt(4000)
    assert low == pytest.approx(sums.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(sums.mean() + half, abs=0.1 * half)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method():
    random = np.random.default_rng(4)
    counts = random.integers(50, 150, 4000)
    sums = counts * random.normal(0.5, 0.1, 4000)
    ratio = sums.sum() / counts.sum()
    half = 1.96 * (sums - ratio * counts).std() / counts.mean() / np.sqrt(4000)
    low, high = interval(sums, counts, 2000, seed=1)
    assert low == pytest.approx(ratio - half, abs=0.1 * half)
    assert high == pytest.approx(ratio + half, abs=0.1 * half)


def test_longer_records_weigh_more():
    low, high = interval(np.array([900.0, 0.0]), np.array([900, 100]), 100, seed=1)
    assert (low, high) == (0.0, 1.0)  # both drawn: 0.9, one of them twice: 1 or 0


def test_equal_records_leave_no_doubt_and_the_seed_decides():
    assert interval(np.full(9, 3.0), np.full(9, 2), 50, seed=1) == (1.5, 1.5)
    sums = np.arange(20.0)
    assert interval(sums, np.ones(20), 50, 1) == interval(sums, np.ones(20), 50, 1)
    assert interval(sums, np.ones(20), 50, 1) != interval(sums, np.ones(20), 50, 2)


@pytest.mark.parametrize(
    ("sums", "counts"), [([], []), ([1.0], [1, 1]), ([1.0], [0]), ([[1.0]], [[1]])]
)
def test_records_that_do_not_fit_are_refused(sums, counts):
    with pytest.raises(ValueError, match="must be of the same"):
        interval(np.array(sums), np.array(counts), 10, seed=1)

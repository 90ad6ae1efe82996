"""The difference of two arms: its variances by hand, its limits, and its p values."""

import numpy as np
import pytest

from pipeline.statistics.bootstrap import Scores
from pipeline.statistics.difference import Difference, Variance
from pipeline.statistics.student import quantile


def scores(observed: list[float], resampled: list[list[float]], clusters: int = 5) -> Scores:
    return Scores(np.array(observed), np.array(resampled), clusters)


def difference(value: float, *variances: tuple[float, int]) -> Difference:
    return Difference(
        np.float64(value), [Variance(np.float64(each), degrees) for each, degrees in variances]
    )


def test_one_seed_of_each_arm_has_the_variance_over_clusters_alone():
    first = scores([3.0], [[3.0, 5.0, 1.0]])
    second = scores([2.0], [[2.0, 2.5, 1.5]])
    found = Difference.between(first, second, higher_is_better=True, same_seeds=False)
    of_differences = np.var([1.0, 2.5, -0.5]) * 5 / 4  # without the bias of five clusters
    assert [(each.value, each.degrees) for each in found.variances] == [
        (pytest.approx(of_differences), 4)
    ]
    assert found.value == 1.0


def test_the_variance_of_seeds_is_that_of_their_means():
    """Resamples that are all alike: clusters add nothing."""
    first = scores([1.0, 2.0, 6.0], [[1.0] * 4, [2.0] * 4, [6.0] * 4])
    second = scores([2.0, 4.0], [[2.0] * 4, [4.0] * 4])
    found = Difference.between(first, second, higher_is_better=False, same_seeds=False)
    pooled = (4.0 + 1.0 + 9.0 + 1.0 + 1.0) / 3
    assert found.value == 0.0
    assert [(float(each.value), each.degrees) for each in found.variances] == [
        (0.0, 4),
        (pytest.approx(pooled * (1 / 3 + 1 / 2)), 3),
    ]


def test_a_single_seed_borrows_the_variance_of_the_other_arm():
    many, one = scores([1.0, 3.0], [[1.0] * 2, [3.0] * 2]), scores([2.0], [[2.0] * 2])
    found = Difference.between(many, one, higher_is_better=True, same_seeds=False)
    assert float(found.variances[1].value) == pytest.approx(2.0 * (1 / 2 + 1))


def test_what_seeds_and_clusters_share_is_counted_once():
    """Seeds that are good on different clusters: all of it is in the scores of the seeds."""
    opposite = [[1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]]
    first = scores([0.0, 0.0], opposite)
    second = scores([0.0, 0.0], [[0.5, 0.5, -0.5, -0.5]] * 2)
    found = Difference.between(first, second, higher_is_better=True, same_seeds=False)
    # Per run and degree of freedom: 2 * (1/2 + 1/2) / 2 arms' degrees, times 5/4; 1/4 without.
    assert float(found.variances[0].value) == pytest.approx(max(0.25 - 1.0, 0) * 5 / 4)
    assert float(found.variances[1].value) == 0.0


def test_two_measurements_of_the_same_seeds_are_paired():
    """Which cancels what the seeds have in common."""
    first = scores([1.0, 5.0, 9.0], [[1.0] * 2, [5.0] * 2, [9.0] * 2])
    second = scores([0.0, 4.0, 8.5], [[0.0] * 2, [4.0] * 2, [8.5] * 2])
    found = Difference.between(first, second, higher_is_better=True, same_seeds=True)
    assert float(found.value) == pytest.approx(2.5 / 3)
    assert float(found.variances[1].value) == pytest.approx(np.var([1, 1, 0.5], ddof=1) / 3)
    assert found.variances[1].degrees == 2


def test_the_better_arm_is_that_of_the_metric():
    low, high = scores([1.0], [[1.0] * 3]), scores([3.0], [[3.0] * 3])
    for arms, higher, value in (((high, low), True, 2.0), ((high, low), False, -2.0)):
        assert Difference.between(*arms, higher, same_seeds=False).value == value


def test_a_single_cluster_is_refused():
    arm = scores([1.0], [[1.0] * 3], clusters=1)
    with pytest.raises(ValueError, match="all records form one cluster"):
        Difference.between(arm, arm, higher_is_better=True, same_seeds=False)


def test_with_one_component_limits_are_those_of_the_t_test():
    found = difference(3.0, (4.0, 7))
    low, high = found.interval()
    assert (low, high) == pytest.approx((3 - 2 * 2.364624, 3 + 2 * 2.364624), abs=1e-5)
    assert found.lower_limit() == pytest.approx(3 - 2 * 1.894579, abs=1e-5)
    assert difference(2 * 1.894579, (4.0, 7)).p_value() == pytest.approx(0.05, abs=1e-6)


def test_the_squares_of_the_distances_of_all_components_are_summed():
    found = difference(0.0, (4.0, 7), (1.0, 2))
    assert found.lower_limit() == pytest.approx(-np.hypot(2 * 1.894579, 2.919986), abs=1e-5)


@pytest.mark.parametrize("margin", [0.0, 0.4])
@pytest.mark.parametrize("value", [-0.7, 0.3, 2.0])
def test_p_values_are_the_levels_of_the_limits(value, margin):
    found = difference(value, (0.3, 30), (0.2, 3))
    p = found.p_value(margin)
    tail = min(p, 1 - p)
    distance = np.sqrt(quantile(tail, 30) ** 2 * 0.3 + quantile(tail, 3) ** 2 * 0.2)
    assert distance == pytest.approx(abs(value + margin), rel=1e-6)
    assert (p < 0.5) == (value + margin > 0)
    assert found.p_value_of_less(margin) == pytest.approx(1 - p)
    assert (found.lower_limit() > -margin) == (p < 0.05)


def test_equal_arms_have_no_difference_and_a_certain_one_the_smallest_p():
    assert difference(0.0, (0.0, 5)).p_value() == 0.5
    assert difference(1.0, (0.0, 5)).p_value() == pytest.approx(1e-12)
    assert difference(-1.0, (0.0, 5)).p_value() == pytest.approx(1.0)


def test_the_smallest_effect_is_that_of_the_normal_distribution_where_much_is_known():
    found = difference(0.0, (0.25, 100_000))
    assert found.smallest_effect() == pytest.approx(0.5 * (1.644854 + 0.841621), rel=1e-4)

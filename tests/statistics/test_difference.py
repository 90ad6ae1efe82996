"""Paired tests: by hand, how often they reject, and non-inferiority."""

import numpy as np
import pytest

from pipeline.statistics.bootstrap import Resampled, resample
from pipeline.statistics.compute import ratio
from pipeline.statistics.difference import Alternative, Difference

TWO_SIDED, GREATER = Alternative.TWO_SIDED, Alternative.GREATER


def test_p_values_and_limits_by_hand():
    # Moved to a mean of 0: -3, -1, 0, 1, 3.
    found = Difference(1.0, np.array([-1.0, 1.0, 2.0, 3.0, 5.0]))
    assert found.p_value(TWO_SIDED) == (1 + 4) / 6
    assert found.p_value(GREATER) == (1 + 2) / 6
    assert Difference(-1.0, -found.resampled).p_value(TWO_SIDED) == found.p_value(TWO_SIDED)
    assert Difference(-1.0, -found.resampled).p_value(GREATER) == (1 + 4) / 6
    assert found.interval(0.5) == (1.0, 3.0)
    assert found.lower_limit(0.75) == 1.0
    assert found.is_not_inferior(margin=0.8) and not found.is_not_inferior(margin=0.3)
    assert found.standard_error == pytest.approx(np.sqrt((9 + 1 + 0 + 1 + 9) / 4))


def test_equal_arms_have_no_difference():
    arm = Resampled(3.0, np.array([1.0, 2.0, 4.0]))
    found = Difference.between(arm, arm, higher_is_better=True)
    assert found.value == 0.0 and found.p_value(TWO_SIDED) == 1.0
    assert found.interval() == (0.0, 0.0)


def test_the_better_arm_is_that_of_the_metric():
    low, high = (Resampled(score, np.array([score] * 3)) for score in (1.0, 3.0))
    assert Difference.between(high, low, higher_is_better=True).value == 2.0
    assert Difference.between(high, low, higher_is_better=False).value == -2.0
    assert Difference.between(low, high, higher_is_better=False).resampled.tolist() == [2.0] * 3


def arms(random: np.random.Generator, seeds: int, effect: float, of_seed: float) -> Difference:
    """Two arms on 200 records in 50 clusters; they differ by `effect`, by cluster, and by seed.

    The difference has a standard error of about 0.14 over clusters.
    """
    clusters = np.repeat(np.arange(50), 4)
    shared, of_cluster = random.normal(0.0, 2.0, 200), random.normal(0.0, 0.7, 50)[clusters]
    statistics = np.ones((2, seeds, 200, 2))
    statistics[..., 0] = shared + random.normal(0.0, 1.4, (2, seeds, 200))
    statistics[..., 0] += random.normal(0.0, of_seed, (2, seeds, 1))
    statistics[0, ..., 0] += effect + of_cluster
    first, second = resample(list(statistics), clusters, ratio, 200, seed=1)
    return Difference.between(first, second, higher_is_better=True)


def rejected(trials: int, seeds: int, effect: float, of_seed: float = 0.0) -> tuple[float, float]:
    """The share of experiments in which p < 0.05: two-sided, one-sided."""
    random = np.random.default_rng([trials, seeds])
    found = [arms(random, seeds, effect, of_seed) for _ in range(trials)]
    shares = [
        np.mean([each.p_value(side) < 0.05 for each in found]) for side in (TWO_SIDED, GREATER)
    ]
    return float(shares[0]), float(shares[1])


def test_equal_arms_are_told_apart_in_5_of_100_experiments():
    two_sided, greater = rejected(1500, seeds=1, effect=0.0)
    assert 0.035 < two_sided < 0.075 and 0.035 < greater < 0.075


def test_a_difference_is_found_as_often_as_the_normal_distribution_says():
    """At 2.8 standard errors a two-sided test finds 80 of 100, and a one-sided one 87."""
    error = np.sqrt(0.7**2 / 50 + 2 * 1.4**2 / 200)
    two_sided, greater = rejected(500, seeds=1, effect=2.8 * error)
    assert two_sided == pytest.approx(0.80, abs=0.06) and greater == pytest.approx(0.87, abs=0.06)


def test_three_seeds_that_vary_as_much_as_clusters_do_not_feign_a_difference():
    """Were they one seed each, as is usual, the test would take their luck for a difference."""
    two_sided, _ = rejected(500, seeds=3, effect=0.0, of_seed=0.2)
    assert two_sided < 0.08
    of_one, _ = rejected(500, seeds=1, effect=0.0, of_seed=0.2)
    assert of_one > 0.15


def test_records_of_a_cluster_that_are_taken_for_independent_feign_a_difference():
    random, rejections = np.random.default_rng(1), []
    for clusters in (np.repeat(np.arange(20), 10), np.arange(200)):
        p_values = []
        for _ in range(300):
            values = np.repeat(random.normal(0.0, 1.0, 20), 10) + random.normal(0.0, 0.3, 200)
            pair = np.stack(
                [np.stack([v, np.ones(200)], axis=-1)[None] for v in (values, 0 * values)]
            )
            found = Difference.between(*resample(list(pair), clusters, ratio, 200, 1), True)
            p_values.append(found.p_value(TWO_SIDED))
        rejections.append(np.mean(np.array(p_values) < 0.05))
    assert rejections[0] < 0.1 and rejections[1] > 0.4

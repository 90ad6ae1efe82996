"""Student's t against printed tables and against draws."""

import numpy as np
import pytest

from pipeline.statistics.student import quantile, tail


@pytest.mark.parametrize(
    ("degrees", "at_5", "at_2_5"),  # percent above
    [
        (1, 6.313752, 12.706205),
        (2, 2.919986, 4.302653),
        (3, 2.353363, 3.182446),
        (4, 2.131847, 2.776445),
        (7, 1.894579, 2.364624),
        (30, 1.697261, 2.042272),
        (1000, 1.646379, 1.962339),
    ],
)
def test_quantiles_are_those_of_printed_tables(degrees, at_5, at_2_5):
    assert quantile(np.array([0.05, 0.025]), degrees) == pytest.approx([at_5, at_2_5], abs=1e-6)
    assert tail(np.array([at_5, at_2_5]), degrees) == pytest.approx([0.05, 0.025], abs=1e-7)
    assert tail(0.0, degrees) == 0.5 and quantile(0.5, degrees) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 5, 6])
def test_a_mean_divided_by_its_standard_error_has_this_tail(degrees):
    values = np.random.default_rng(degrees).normal(0.0, 3.0, (100_000, degrees + 1))
    ratios = values.mean(axis=1) / (values.std(axis=1, ddof=1) / np.sqrt(degrees + 1))
    for t in (0.5, 1.5, 4.0):
        assert tail(t, degrees) == pytest.approx((ratios > t).mean(), abs=5e-3)

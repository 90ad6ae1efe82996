"""Holm's correction."""

import numpy as np
import pytest

from pipeline.statistics.holm import holm


def rejected_step_by_step(p_values: list[float], level: float) -> list[bool]:
    """Holm's procedure as published: go on to the next larger p while each is small enough."""
    rejected = [False] * len(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for step, index in enumerate(order):
        if p_values[index] > level / (len(p_values) - step):
            break
        rejected[index] = True
    return rejected


def test_adjusted_p_values_reject_what_the_procedure_rejects():
    random = np.random.default_rng(1)
    for size in (1, 2, 3, 7):
        for _ in range(200):
            p_values = (random.random(size) * 0.1).tolist()
            adjusted = holm(p_values)
            assert [p <= 0.05 for p in adjusted] == rejected_step_by_step(p_values, 0.05)
            assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))


def test_adjusted_p_values_by_hand():
    assert holm([0.03, 0.01, 0.04, 0.5]) == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert holm([0.02]) == [0.02]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_order_of_tests_does_not_matter():
    p_values = [0.2, 0.001, 0.04, 0.04, 0.03]
    adjusted = dict(zip(p_values, holm(p_values), strict=True))
    assert holm(p_values[::-1]) == [adjusted[p] for p in p_values[::-1]]

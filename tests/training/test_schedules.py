import math
from typing import Any

import pytest
from pydantic import TypeAdapter

from pipeline.settings.training import Schedule
from pipeline.training.schedules import learning_rate
from tests.training.toys import training

CONSTANT = {"kind": "constant"}
INVERSE_SQUARE_ROOT = {"kind": "inverse_square_root"}
COSINE = {"kind": "cosine", "final_ratio": 0.1}


def rates(
    schedule: dict[str, Any], warmup_steps: int, peak: float, steps: list[int] | range
) -> list[float]:
    """The learning rates at `steps` of a training of 1,000."""
    settings = TypeAdapter(Schedule).validate_python(schedule | {"warmup_steps": warmup_steps})
    of = training(steps=1000, learning_rate=peak, schedule=settings)
    return [learning_rate(step, of) for step in steps]


@pytest.mark.parametrize("schedule", [CONSTANT, INVERSE_SQUARE_ROOT, COSINE])
def test_the_warm_up_is_linear_and_ends_at_the_peak(schedule):
    found = rates(schedule, 100, 0.002, range(1, 101))
    assert found == pytest.approx([0.00002 * step for step in range(1, 101)])
    assert found[-1] == 0.002 == max(rates(schedule, 100, 0.002, range(1, 1001)))


@pytest.mark.parametrize("schedule", [CONSTANT, INVERSE_SQUARE_ROOT, COSINE])
def test_a_warm_up_of_one_step_is_none(schedule):
    assert rates(schedule, 1, 0.5, [1]) == [0.5]


@pytest.mark.parametrize("step", [1, 2, 399, 400, 401, 4000, 100_000])
def test_the_inverse_square_root_is_equation_3(step):
    d_model, warmup = 512, 400
    expected = d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
    (found,) = rates(INVERSE_SQUARE_ROOT, warmup, (d_model * warmup) ** -0.5, [step])
    assert found == pytest.approx(expected)


def test_known_rates_of_the_inverse_square_root():
    found = rates(INVERSE_SQUARE_ROOT, 100, 0.002, [1, 50, 100, 400, 10_000])
    assert found == pytest.approx([0.00002, 0.001, 0.002, 0.001, 0.0002])


def test_a_constant_rate_stays_at_the_peak():
    assert set(rates(CONSTANT, 100, 0.002, range(100, 1001))) == {0.002}


def test_known_rates_of_the_cosine():
    """From the peak 1.0 to 0.1 over 800 steps: a quarter, half and three quarters of the way."""
    found = rates(COSINE, 200, 1.0, [200, 400, 600, 800, 1000])
    root = math.sqrt(0.5)
    expected = [1.0, 0.1 + 0.45 * (1 + root), 0.55, 0.1 + 0.45 * (1 - root), 0.1]
    assert found == pytest.approx(expected)


def test_a_training_may_end_with_the_warm_up_of_a_cosine():
    assert rates(COSINE, 1000, 1.0, [999, 1000]) == [0.999, 1.0]

import pytest

from pipeline.training.schedule import learning_rate


@pytest.mark.parametrize("step", [1, 2, 399, 400, 401, 4000, 100_000])
def test_the_rate_is_equation_3(step):
    d_model, warmup = 512, 400
    expected = d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
    assert learning_rate(step, (d_model * warmup) ** -0.5, warmup) == pytest.approx(expected)


def test_known_rates():
    rates = [learning_rate(step, 0.002, 100) for step in (1, 50, 100, 400, 10_000)]
    assert rates == pytest.approx([0.00002, 0.001, 0.002, 0.001, 0.0002])


def test_the_peak_stands_at_the_end_of_the_warm_up():
    rates = [learning_rate(step, 0.5, 7) for step in range(1, 50)]
    assert max(rates) == rates[6] == 0.5

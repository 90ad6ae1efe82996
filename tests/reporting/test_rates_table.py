"""The table of the grids of learning rates."""

from pathlib import Path

import pytest

from pipeline.reporting import page
from pipeline.reporting.rates import Trial

RATES = (1.0, 2.0, 4.0, 8.0)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_page_shows_the_grids_whose_rates_its_runs_take(scale, monkeypatch, factor):
    rate = scale.runs["music_relative"].training.learning_rate * factor
    grid = [Trial(f"rate_{n}", rate * n, 2.0 + (n - 1.0) ** 2) for n in RATES]
    monkeypatch.setattr(page, "read_rates", lambda: {"music_relative": grid, "unknown": grid})
    for file in Path("reports").rglob("music_relative.*"):
        file.unlink()  # a run that is not made yet has a rate
    html = page.render(scale)
    assert (f"{rate:g}: <strong>2.000</strong>" in html) == (factor == 1.0)
    assert (f"{rate * 4:g}: 11.000" in html) == (factor == 1.0)

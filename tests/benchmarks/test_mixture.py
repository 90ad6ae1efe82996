import math

import pytest
import torch

from benchmarks import mixture
from benchmarks.mixture import LECTURE, MIXTURE, SOFTMAX, RandomPatches
from benchmarks.rows import KEYS
from models.settings import DataShape, ImageLayout
from pipeline import config

LEVELS = 256


@pytest.fixture(scope="module")
def params():
    return config.load(LECTURE)


def test_a_batch_is_whole_images_shifted_by_one_behind_their_condition():
    shape = DataShape(inputs=9, outputs=7, layout=ImageLayout(height=2, width=3, channels=3))
    batch = RandomPatches(shape, batch_tokens=60).batch(1)
    assert batch.targets.shape == (3, 18)
    assert torch.equal(batch.inputs[:, 1:], batch.targets[:, :-1])
    assert batch.inputs[:, 0].tolist() == [8, 8, 8]
    assert set(batch.targets.unique().tolist()) == set(range(7))


@pytest.mark.parametrize("name", [MIXTURE, SOFTMAX])
def test_both_runs_are_updated_on_as_many_intensities(params, name):
    """Whatever a network predicts of random ids, log p is at most that of an even distribution."""
    first, second = (mixture.updates(params, name)(1) for _ in range(2))
    assert first == second
    assert first.positions == 4 * 16 * 16 * 3
    assert math.log(LEVELS) - 0.05 < first.loss < 2 * math.log(LEVELS)


def test_seconds_are_the_median_of_the_updates_after_the_first(monkeypatch):
    now, done = 0.0, []

    def takes(name, seconds):
        def update(step):
            nonlocal now
            done.append((name, step))
            now += seconds[step - 1]

        return update

    monkeypatch.setattr(mixture.time, "process_time", lambda: now)
    runs = {"a": takes("a", [100, 1, 2, 30]), "b": takes("b", [100, 5, 4, 3])}
    assert mixture.measure(runs, 3) == {"a": 2, "b": 4}
    assert done == [(name, step) for step in range(1, 5) for name in "ab"]


def test_the_row_says_how_much_faster_the_mixture_is(params):
    row = mixture.row(params, {MIXTURE: 0.1, SOFTMAX: 0.3})
    assert row.keys() == KEYS
    assert row["what"] == "updating, 4 images of 16x16x3: mixture of logistics (peer: softmax)"
    assert row["ratio"] == pytest.approx(3.0)

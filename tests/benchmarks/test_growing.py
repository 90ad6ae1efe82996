import torch

from benchmarks.growing import AXES, BASE, RandomSentences, Size
from models.shared.base import PADDING


def test_a_batch_has_the_size_and_no_padding():
    batch = RandomSentences(Size(length=7, batch=3, vocabulary=50)).batch(1)
    for ids in (batch.source, batch.inputs, batch.targets):
        assert ids.shape == (3, 7)
        assert ids.min() > PADDING
        assert ids.max() < 50
    assert not torch.equal(batch.inputs, batch.source)


def test_every_axis_passes_through_the_base():
    for axis, values in AXES.items():
        assert getattr(BASE, axis) in values

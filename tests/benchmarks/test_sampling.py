import pytest
import torch

from benchmarks.sampling import PROBES, WORKLOADS, decoder, last_logits, measured, typical
from models.build import build
from models.settings import (
    Backend,
    DataShape,
    Full,
    ImageLayout,
    LogisticMixture,
    NoPositions,
)

SIZES = {"num_layers": 1, "d_model": 8, "num_heads": 2, "d_ff": 8}
SHAPE = DataShape(inputs=9, outputs=7, layout=ImageLayout(height=2, width=2, channels=3))
OUTPUTS = {1: {}, 3: {"output": LogisticMixture(kind="logistic_mixture", mixtures=2)}}


def _network(sharing: int):
    attention = Full(kind="full", backend=Backend.DENSE)
    settings = decoder(SIZES, NoPositions(kind="none"), attention, **OUTPUTS[sharing])
    torch.manual_seed(0)
    return build(settings, SHAPE).eval()


@pytest.mark.parametrize("sharing", OUTPUTS)
def test_every_position_is_timed_with_the_cache_and_some_without(sharing):
    """It also asserts that both have the same logits."""
    with_cache, without = measured(_network(sharing), 12, 2, sharing)
    assert len(with_cache) == 12
    assert len(without) == PROBES


@pytest.mark.parametrize("sharing", OUTPUTS)
def test_logits_without_the_cache_depend_on_the_last_input(sharing):
    network = _network(sharing)
    inputs = torch.randint(0, 7, (2, 12))
    inputs[:, 0] = 8  # the condition
    for length in range(2, 12):
        other = inputs[:, :length].clone()
        other[:, -1] = (other[:, -1] + 3) % 7
        one, changed = (last_logits(network, ids, sharing) for ids in (inputs[:, :length], other))
        assert one.shape == (2, 7)
        assert not torch.allclose(one, changed)


def test_a_typical_position_is_the_median_of_means_over_those_that_share_a_pass():
    assert typical([3.0, 0.0, 0.0, 9.0, 0.0, 0.0, 6.0, 0.0, 0.0], 3) == 2.0
    assert typical([1.0, 5.0, 2.0], 1) == 2.0


def test_workloads_have_the_sizes_of_the_papers():
    lengths = {name: workload.length for name, workload in WORKLOADS.items()}
    assert [*lengths.values()] == [32 * 32 * 3] * 3 + [2048]

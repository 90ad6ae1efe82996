"""The cheap draws of the CPU: the right share, evenly spread, and nothing else changed."""

import pytest
import torch
from torch.testing import assert_close

from models.shared.dropout import drop


@pytest.mark.parametrize("probability", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_share_that_is_dropped_is_the_probability_and_the_rest_is_scaled(probability, dtype):
    torch.manual_seed(0)
    inputs = torch.ones(1000, 1001, dtype=dtype)
    outputs = drop(inputs, probability)
    assert outputs.dtype is dtype
    deviation = (probability * (1 - probability) / inputs.numel()) ** 0.5
    share = (outputs == 0.0).double().mean().item()
    assert share == pytest.approx(probability, abs=4.5 * deviation + 2**-17)
    kept = outputs[outputs != 0.0]
    assert_close(
        kept[0].item(), 1 / (1 - probability), rtol=1e-2 if dtype.itemsize == 2 else 1e-4, atol=0
    )
    assert torch.all(kept == kept[0])


def test_the_four_inputs_that_share_a_draw_are_independent():
    torch.manual_seed(0)
    kept = (drop(torch.ones(200_000, 4), 0.5) != 0.0).double()
    assert_close(torch.corrcoef(kept.T), torch.eye(4, dtype=torch.float64), rtol=0.0, atol=0.01)
    assert_close(kept.mean(dim=0), torch.full((4,), 0.5).double(), rtol=0.0, atol=0.005)


def test_nothing_is_drawn_where_nothing_is_dropped():
    inputs, state = torch.randn(3, 5), torch.get_rng_state()
    assert torch.equal(drop(inputs, 0.5, training=False), inputs)
    assert torch.equal(drop(inputs, 0.0), inputs)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3, 5), (0, 4)])
def test_any_shape_and_a_gradient_that_is_dropped_alike(shape):
    inputs = torch.ones(shape, dtype=torch.float64, requires_grad=True)
    outputs = drop(inputs, 0.5)
    (gradient,) = torch.autograd.grad(outputs.sum(), inputs)
    assert outputs.shape == shape
    assert torch.equal(gradient, outputs)

"""Two ways to compute the same thing."""

import torch
from torch import Tensor, nn
from torch.testing import assert_close


def assert_same_values_and_gradients(model: nn.Module, ours: Tensor, expected: Tensor) -> None:
    """In float64: equal outputs, and equal gradients of all weights of `model`."""
    assert ours.dtype == torch.float64
    assert_close(ours, expected, rtol=1e-10, atol=1e-10)
    weights = list(model.parameters())
    direction = torch.randn_like(ours)
    one, other = (
        torch.autograd.grad((output * direction).sum(), weights, materialize_grads=True)
        for output in (ours, expected)
    )
    for mine, theirs in zip(one, other, strict=True):
        assert_close(mine, theirs, rtol=1e-9, atol=1e-10)

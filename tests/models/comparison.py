"""Two ways to compute the same thing."""

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from tests.models.networks import TEXT


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


def ids(low: int, high: int, *shape: int, seed: int = 0) -> Tensor:
    """Random ids from `low` to high - 1."""
    return torch.randint(low, high, shape, generator=torch.Generator().manual_seed(seed))


def advanced(model: nn.Module, inputs: Tensor, state: object) -> Tensor:
    """The logits of inputs (batch, target), fed one position after the other."""
    return torch.stack([model.advance(column, state) for column in inputs.T], dim=1)


def assert_reordered_goes_on(model: nn.Module) -> None:
    """A translator whose rows are reordered, and sentences dropped, goes on with those chosen."""
    source, inputs = ids(1, TEXT.inputs, 2, 5), ids(0, TEXT.inputs, 4, 6, seed=1)
    state = model.begin(source, 2, 6)
    advanced(model, inputs[:, :3], state)
    within, dropped = torch.tensor([1, 1, 3, 2]), torch.tensor([3, 2])
    state.reorder(within, sentences_change=False)
    inputs = torch.cat((inputs[within, :3], inputs[:, 3:]), dim=1)
    fourth = advanced(model, inputs[:, 3:4], state)
    assert_close(fourth, model(inputs, source[[0, 0, 1, 1]])[:, 3:4].detach())
    state.reorder(dropped, sentences_change=True)
    inputs = torch.cat((inputs[dropped, :4], inputs[:2, 4:]), dim=1)
    rest = advanced(model, inputs[:, 4:], state)
    assert_close(rest, model(inputs, source[[1, 1]])[:, 4:].detach())

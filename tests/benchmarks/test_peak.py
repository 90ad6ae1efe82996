import pytest
import torch
from torch import Tensor, nn

from benchmarks.passes import seconds
from benchmarks.peak import peak_memory

NUMBERS = 1000
BYTES = 4 * NUMBERS


def _numbers() -> Tensor:
    return torch.zeros(NUMBERS, requires_grad=True)


def _peak_of_passes(function) -> int:
    inputs = _numbers()
    return peak_memory(lambda: seconds(function, [inputs], lambda: 0.0))


def test_what_is_freed_makes_room():
    """Two tensors at a time, however long the chain."""
    numbers = _numbers().detach()
    assert peak_memory(lambda: numbers.exp().exp().exp().exp()) == 2 * BYTES


def test_what_was_there_before_does_not_count():
    numbers = _numbers().detach()
    assert peak_memory(lambda: numbers.exp_().view(2, -1)) == 0


@pytest.mark.parametrize(("depth", "tensors"), [(1, 2), (2, 4), (5, 7)])
def test_the_backward_pass_counts(depth: int, tensors: int):
    """Each exponential is kept for the backward pass, which holds two gradients at a time.

    The sum is one more number, and so is its gradient, which all elements share.
    """

    def exponentials(inputs: Tensor) -> Tensor:
        for _ in range(depth):
            inputs = inputs.exp()
        return inputs

    assert _peak_of_passes(exponentials) == tensors * BYTES + 2 * 4


def test_memory_that_is_used_again_counts_again():
    """The second time reuses memory that the first has freed."""
    first, second = (_peak_of_passes(torch.exp) for _ in range(2))
    assert first == second == 2 * BYTES + 2 * 4


def test_what_a_fused_kernel_keeps_for_the_backward_pass_counts():
    """At least four gates, the state and the output of each unit at each position."""
    length, d_model = 64, 32
    recurrence = nn.LSTM(d_model, d_model, batch_first=True)
    inputs = torch.zeros(1, length, d_model, requires_grad=True)
    peak = peak_memory(lambda: seconds(lambda x: recurrence(x)[0], [inputs], lambda: 0.0))
    assert peak > 6 * inputs.nbytes

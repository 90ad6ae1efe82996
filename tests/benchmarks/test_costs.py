import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.costs import AT_LENGTH, AT_WIDTH, FITTED_WIDTHS, LENGTHS, WIDTHS, exponents
from benchmarks.counting import (
    floating_point_operations,
    longest_chain,
    operations_until_connected,
    path_length,
    sequential_operations,
)
from benchmarks.exponents import exponent
from benchmarks.layers import HEADS, KERNEL_SIZE, LayerType
from models.settings import Numerics
from models.shared import products

WIDTH, BLOCK = 8, 4
PATHS = {
    LayerType.SELF_ATTENTION: lambda n: 1,
    LayerType.RECURRENT: lambda n: n,
    LayerType.CONVOLUTION: lambda n: math.ceil((n - 1) / (KERNEL_SIZE - 1)),
    LayerType.DILATED: lambda n: math.ceil(math.log(n, KERNEL_SIZE) - 1e-9),
    # Each layer goes one block further back than the query's own: n / (r / 2) blocks, less one.
    LayerType.RESTRICTED: lambda n: math.ceil(n / BLOCK) - 1,
}


@pytest.fixture(autouse=True)
def _native_numerics(_reproducible_numerics: None) -> None:
    """Those of the benchmark, whose graphs show every product."""
    products.select(Numerics.NATIVE)


@pytest.mark.parametrize("length", [9, 10, 16, 27, 28])
@pytest.mark.parametrize("kind", list(LayerType))
def test_paths_have_the_length_of_the_closed_form(kind, length):
    assert path_length(kind, length, WIDTH, BLOCK) == PATHS[kind](length)


@pytest.mark.parametrize("kind", list(LayerType))
def test_only_recurrence_waits_for_every_position(kind):
    products = {LayerType.CONVOLUTION: 1, LayerType.DILATED: 1}.get(kind, 4)
    for length in (8, 17):
        expected = length if kind is LayerType.RECURRENT else products
        assert sequential_operations(kind, length, WIDTH, BLOCK) == expected


def test_what_never_connects_the_positions_is_refused():
    inputs = torch.randn(1, 5, WIDTH, requires_grad=True)
    pointwise = nn.Linear(WIDTH, WIDTH)

    def hidden():
        states = inputs
        while True:
            states = pointwise(states)
            yield states

    with pytest.raises(ValueError, match="does not see all inputs in 5 operations"):
        operations_until_connected(hidden(), inputs)


def test_a_graph_that_hides_its_products_is_refused():
    heads = torch.randn(1, 1, 4, 8, requires_grad=True)
    fused = F.scaled_dot_product_attention(heads, heads, heads)
    with pytest.raises(ValueError, match="no matrix product"):
        longest_chain(fused)


def test_the_longest_of_several_chains_counts():
    matrix = torch.eye(3, requires_grad=True)
    assert longest_chain(matrix @ matrix @ matrix + matrix @ matrix) == 2
    assert longest_chain((matrix @ matrix) @ (matrix @ matrix)) == 2


def test_operations_are_those_of_the_products():
    """A product counts multiplications and additions; the backward pass has two for each."""
    n, d = 16, 8
    assert d % HEADS == 0
    count = {kind: floating_point_operations(kind, n, d, BLOCK) for kind in LayerType}
    # The backward pass has the gradients of query, key, value and attention weights.
    assert count[LayerType.SELF_ATTENTION] == 3 * (8 * n * d * d + 4 * n * n * d)
    assert count[LayerType.CONVOLUTION] == 3 * 4 * KERNEL_SIZE * n * d * d
    # The first state has no gradient.
    assert count[LayerType.RECURRENT] == 3 * 16 * n * d * d - 8 * d * d
    # A block's keys: itself, the one before, and the condition.
    r = 2 * BLOCK + 1
    assert count[LayerType.RESTRICTED] == 3 * (8 * n * d * d + 4 * r * n * d)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, 2.0])
def test_the_exponent_of_a_power_law_is_its_power(power):
    sizes = [3, 10, 64, 1000]
    assert exponent(sizes, [7e-5 * size**power for size in sizes]) == pytest.approx(power)


@pytest.mark.parametrize("kind", list(FITTED_WIDTHS))
def test_the_exponents_of_n_and_d_are_not_mixed_up(kind):
    sizes = {(n, AT_WIDTH) for n in LENGTHS} | {(AT_LENGTH, d) for d in WIDTHS}
    costs = {(n, d): {"FLOPs": n**2 * d, "seconds": n * d**1.5} for n, d in sizes}
    fitted = {
        (row["point"]["exponent"], row["point"]["measure"]): row["ours"]
        for row in exponents(kind, costs)
    }
    assert fitted == {
        ("n", "FLOPs"): pytest.approx(2),
        ("d", "FLOPs"): pytest.approx(1),
        ("n", "seconds"): pytest.approx(1),
        ("d", "seconds"): pytest.approx(1.5),
    }

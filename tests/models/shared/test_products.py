"""Products with the same bits on every processor."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from models.gru.layers import Gru
from models.lstm.layers import Lstm
from models.settings import Numerics
from models.shared import numerics, products
from models.shared.convolution import convolve
from models.shared.numerics import ENVIRONMENT
from models.shared.products import CHUNK, linear, matmul
from tests.models.updates import NETWORKS

ROOT = Path(__file__).parents[3]
# Rows, terms and columns: one of each, no multiples of anything, one and several chunks.
SIZES = [
    (1, 3, 5),
    (7, 1, 9),
    (33, 3, 1),
    (1, CHUNK, 17),
    (5, CHUNK + 1, 7),
    (40, 900, 20),
    (31, 500, 64),
    (65, 128, 500),
]


def fused(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a b + c of float32, rounded once.

    The product is exact in float64. The sum is rounded to odd there, which does not change how it
    is then rounded to float32 (Boldo and Melquiond 2008).
    """
    product, c = a.astype(np.float64) * b, c.astype(np.float64)
    total = product + c
    of_c = total - product
    error = (product - (total - of_c)) + (c - of_c)  # exact (Knuth)
    is_even = total.view(np.int64) % 2 == 0
    away = np.nextafter(total, np.copysign(np.inf, error))
    return np.where((error != 0) & is_even, away, total).astype(np.float32)


def defined(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """The product a b + bias, (m, n), of a (m, k) and b (k, n), by the definition."""
    a, b = a.detach().numpy(), b.detach().numpy()
    total = None
    for start in range(0, len(b), CHUNK):
        part = np.zeros((len(a), b.shape[1]), np.float32)
        for k in range(start, min(start + CHUNK, len(b))):
            part = fused(a[:, k : k + 1], b[k : k + 1], part)
        if start == 0 and bias is not None:
            part = part + bias.detach().numpy()
        total = part if total is None else total + part
    return torch.from_numpy(total)


def random(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers in float32, with a gradient."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).requires_grad_()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_definition_is_rounded_once(sign):
    """The sum is closer to c by 2^-54: rounded to float64, it is as far from the next number."""
    a, b, c = (
        np.array([x], np.float32)
        for x in (sign * 2.0**-24 * (1 + 2.0**-15), 1 - 2.0**-15, 1 + 2.0**-23)
    )
    assert fused(a, b, c) == c
    assert (a.astype(np.float64) * b + c).astype(np.float32) != c


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_linear_map_and_its_gradients_equal_the_definition_in_every_bit(size):
    m, k, n = size
    inputs, weight, bias = random(m, k), random(n, k, seed=1), random(n, seed=2)
    assert torch.equal(linear(inputs, weight, bias), defined(inputs, weight.t(), bias))
    outputs = linear(inputs, weight)
    assert torch.equal(outputs, defined(inputs, weight.t()))
    outputs.backward(upstream := random(m, n, seed=3).detach())
    assert torch.equal(inputs.grad, defined(upstream, weight))
    assert torch.equal(weight.grad, defined(upstream.t(), inputs))


@pytest.mark.parametrize("size", [(32, 48, 64), (64, 33, 129), (37, CHUNK + 5, 33)], ids=str)
def test_batched_products_and_their_gradients_equal_the_definition_in_every_bit(size):
    m, k, n = size
    a, b = random(3, m, k), random(3, k, n, seed=1)
    outputs = matmul(a, b)
    outputs.backward(upstream := random(3, m, n, seed=3).detach())
    for row in range(3):
        assert torch.equal(outputs[row], defined(a[row], b[row]))
        assert torch.equal(a.grad[row], defined(upstream[row], b[row].t()))
        assert torch.equal(b.grad[row], defined(a[row].t(), upstream[row]))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((4, 5), (5, 6)),
        ((2, 3, 4, 5), (5, 6)),
        ((2, 3, 4, 5), (2, 3, 5, 6)),
        ((2, 3, 4, 5), (3, 5, 6)),
        ((7, 2, 3, 4, 5), (3, 5, 6)),
        ((7, 2, 3, 4, 5), (2, 3, 5, 6)),
        ((2, 3, 16, 32), (3, 32, 16)),
    ],
    ids=str,
)
def test_a_matrix_product_is_that_of_pytorch_but_for_rounding(a, b):
    a, b = random(*a), random(*b, seed=1)
    assert_same(matmul(a, b), a @ b, [a, b])


@pytest.mark.parametrize(
    ("inputs", "weight"),
    [((2, 5, 9), (7, 5, 3)), ((2, 5, 4, 6), (7, 5, 2, 3)), ((3, 1, 8, 8), (40, 1, 7, 7))],
    ids=str,
)
def test_a_convolution_is_that_of_pytorch_but_for_rounding(inputs, weight):
    inputs, weight, bias = random(*inputs), random(*weight, seed=1), random(weight[0], seed=2)
    theirs = F.conv1d if weight.dim() == 3 else F.conv2d
    arguments = [inputs, weight, bias]
    assert_same(convolve(*arguments), theirs(*arguments), arguments)


@pytest.mark.parametrize("has_state", [False, True])
@pytest.mark.parametrize(("kind", "theirs"), [(Lstm, nn.LSTM), (Gru, nn.GRU)], ids=["lstm", "gru"])
def test_a_recurrent_layer_is_that_of_pytorch_but_for_rounding(kind, theirs, has_state):
    layer = kind(5, 8)
    inputs = random(3, 7, 5)
    state = tuple(random(1, 3, 8, seed=seed) for seed in range(1, 1 + kind.tensors_of_state))
    given = state if has_state else kind.empty_state(3, 8, inputs)
    arguments = [inputs, *(state if has_state else ()), *layer.parameters()]
    ours, last = layer(inputs, state if has_state else None)
    expected, their_last = theirs.forward(layer, inputs, given if len(given) > 1 else given[0])
    their_last = their_last if isinstance(their_last, tuple) else (their_last,)
    together = [
        torch.cat([out.flatten() for out in (y, *states)])
        for y, states in ((ours, last), (expected, their_last))
    ]
    assert not torch.equal(*together)  # or both are PyTorch's
    assert_same(*together, arguments)


def assert_same(ours: Tensor, theirs: Tensor, inputs: list[Tensor]) -> None:
    """The same values and gradients but for rounding to float32."""
    assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    upstream = random(*ours.shape, seed=9).detach()
    one, other = (torch.autograd.grad(outputs, inputs, upstream) for outputs in (ours, theirs))
    assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_row_depends_neither_on_the_other_rows_nor_on_the_number_of_threads(size):
    m, k, n = size
    inputs, weight, bias = random(3 * m, k), random(n, k, seed=1), random(n, seed=2)
    whole = linear(inputs, weight, bias)
    assert torch.equal(linear(inputs[m : 2 * m], weight, bias), whole[m : 2 * m])
    torch.set_num_threads(4)
    try:
        assert torch.equal(linear(inputs, weight, bias), whole)
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_reproducible_numerics_need_their_variables(name, monkeypatch):
    monkeypatch.setenv(name, "other")
    with pytest.raises(RuntimeError, match=f"{name}=.* before torch is loaded"):
        products.select(Numerics.REPRODUCIBLE)
    products.select(Numerics.NATIVE)


def test_variables_set_after_torch_was_loaded_are_no_good(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    with pytest.raises(RuntimeError, match="before torch is loaded"):
        products.select(Numerics.REPRODUCIBLE)


def test_a_lower_cap_of_the_user_stays_and_a_higher_one_does_not(monkeypatch):
    cap = "ONEDNN_MAX_CPU_ISA"
    for chosen, kept in ("AVX2", "AVX2"), ("AVX512_CORE_AMX", "AVX512_CORE"):
        monkeypatch.setenv(cap, chosen)
        numerics.set_environment(Numerics.NATIVE)
        assert os.environ[cap] == chosen
        numerics.set_environment(Numerics.REPRODUCIBLE)
        assert os.environ[cap] == kept


def test_a_processor_without_avx2_warns_and_is_native(monkeypatch, capsys):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": False})
    products.select(Numerics.REPRODUCIBLE)
    assert "no AVX2" in capsys.readouterr().err
    assert not products.are_defined(torch.zeros(1))


def test_native_numerics_other_precisions_and_whole_numbers_are_pytorchs():
    assert products.are_defined(torch.zeros(1))
    assert not products.are_defined(torch.zeros(1), torch.zeros(1, dtype=torch.float64))
    products.select(Numerics.NATIVE)
    assert not products.are_defined(torch.zeros(1))


def test_an_update_of_every_network_is_the_same_with_and_without_avx512():
    if not torch.cpu.get_capabilities().get("avx512_f"):
        pytest.skip("this processor has no AVX-512")
    with_avx512, without = (
        subprocess.check_output(
            [sys.executable, "-m", "tests.models.updates"],
            cwd=ROOT,
            env=os.environ | {"ONEDNN_MAX_CPU_ISA": instructions},
            text=True,
        ).splitlines()
        for instructions in ENVIRONMENT["ONEDNN_MAX_CPU_ISA"]
    )
    assert [line.split()[0] for line in with_avx512] == list(NETWORKS)
    assert with_avx512 == without

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from models.attention import attend_relative
from models.positions import ShawRelative, SkewedRelative, sinusoid, sinusoid_2d, skew
from tests.models import naive


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=random)


def test_sinusoids_have_known_values():
    expected = [
        [0.0, 1.0, 0.0, 1.0],
        [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)],
        [math.sin(100), math.cos(100), math.sin(1.0), math.cos(1.0)],
    ]
    assert_close(sinusoid(torch.tensor([0, 1, 100]), 4), torch.tensor(expected))


@given(position=st.integers(0, 4000), width=st.integers(1, 64).map(lambda half: 2 * half))
def test_sinusoids_follow_the_formula(position, width):
    expected = torch.tensor(naive.positional_encoding(position, width))
    # float32 angles: an error of 2^-24 of the angle
    tolerance = 1e-6 + position * 2.0**-22
    assert_close(sinusoid(torch.tensor(position), width), expected, atol=tolerance, rtol=0.0)


def test_the_longest_wavelength_tends_to_10000_times_2_pi():
    width = 512
    angle = torch.atan2(*sinusoid(torch.tensor([1]), width)[0, -2:]).item()
    assert 2 * math.pi / angle == pytest.approx(10000 ** (1 - 2 / width) * 2 * math.pi, rel=1e-5)


def test_two_dimensional_sinusoids_hold_the_row_and_the_column():
    rows, columns = torch.tensor([0, 3, 7]), torch.tensor([5, 3, 0])
    expected = [
        naive.positional_encoding(row, 8) + naive.positional_encoding(column, 8)
        for row, column in [(0, 5), (3, 3), (7, 0)]
    ]
    assert_close(sinusoid_2d(rows, columns, 16), torch.tensor(expected), atol=1e-6, rtol=1e-5)


@given(
    leading=st.lists(st.integers(1, 3), max_size=2), length=st.integers(1, 12), seed=st.integers(0)
)
def test_skewing_puts_each_distance_where_query_minus_key_is_that_distance(leading, length, seed):
    products = _random(*leading, length, length, seed=seed % 2**32)
    skewed = skew(products)
    for query in range(length):
        for key in range(query + 1):
            column_of_distance = length - 1 - (query - key)
            expected = products[..., query, column_of_distance]
            assert torch.equal(skewed[..., query, key], expected)


RELATIVE_CASES = [(7, 1), (7, 3), (7, 6), (7, 20), (1, 4)]  # length, max_distance


@pytest.mark.parametrize(("length", "max_distance"), RELATIVE_CASES)
def test_skewed_attention_equals_the_gathered_form(length, max_distance):
    query, key, value = (_random(2, 3, length, 4, seed=seed).requires_grad_() for seed in range(3))
    relative = SkewedRelative(3, 4, max_distance).double()
    visible = torch.ones(length, length, dtype=torch.bool).tril()
    fast = attend_relative(query, key, value, visible, relative, 0, 0.0)
    slow = naive.skewed_attention(query, key, value, relative.embeddings, visible)
    _assert_equal_with_gradients(fast, slow, (query, key, value, relative.embeddings))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("length", "max_distance"), [*RELATIVE_CASES, (7, 0)])
def test_shaw_attention_equals_the_tensor_form(length, max_distance, causal):
    query, key, value = (_random(2, 3, length, 4, seed=seed).requires_grad_() for seed in range(3))
    relative = ShawRelative(4, max_distance).double()
    visible = torch.ones(length, length, dtype=torch.bool).tril() if causal else None
    fast = attend_relative(query, key, value, visible, relative, 0, 0.0)
    tables = relative.keys, relative.values
    slow = naive.shaw_attention(query, key, value, *tables, visible)
    _assert_equal_with_gradients(fast, slow, (query, key, value, *tables))


def test_the_largest_distance_is_clipped_and_not_dropped():
    relative = ShawRelative(2, 1).double()
    logits = relative.logits(torch.ones(1, 1, 1, 2, dtype=torch.float64), first=3, keys=7)
    sums = relative.keys.sum(dim=-1)
    assert_close(logits[0, 0, 0], sums[torch.tensor([0, 0, 0, 1, 2, 2, 2])])


@pytest.mark.parametrize("scheme", [SkewedRelative(3, 4, 3), ShawRelative(4, 3)])
@pytest.mark.parametrize("length", [1, 3, 9])
def test_one_query_has_the_last_row_of_all_queries(scheme, length):
    scheme = scheme.double()
    query = _random(2, 3, length, 4)
    weights = _random(2, 3, length, length, seed=1).tril()
    last = scheme.logits(query[:, :, -1:], length - 1, length)
    assert_close(last, scheme.logits(query, 0, length)[:, :, -1:])
    last_output = scheme.output(weights[:, :, -1:], length - 1)
    all_output = scheme.output(weights, 0)
    if isinstance(scheme, ShawRelative):
        assert_close(last_output, all_output[:, :, -1:])
    else:
        assert last_output == all_output == 0.0


@pytest.mark.parametrize("scheme", [SkewedRelative(3, 4, 5), ShawRelative(4, 2)])
def test_relative_logits_depend_on_distance_alone(scheme):
    query = _random(2, 3, 1, 4).float()
    late, early = scheme.logits(query, first=9, keys=10), scheme.logits(query, first=3, keys=4)
    assert_close(late[..., -4:], early)


def _assert_equal_with_gradients(fast, slow, inputs):
    assert_close(fast, slow, atol=1e-10, rtol=1e-10)
    upstream = _random(*fast.shape, seed=9)
    assert_close(
        torch.autograd.grad(fast, inputs, upstream),
        torch.autograd.grad(slow, inputs, upstream),
        atol=1e-10,
        rtol=1e-10,
    )

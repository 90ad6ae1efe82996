import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models.attention import attend_relative, attend_relative_blocks
from models.locality import frames
from models.pitch_time import RelativePitchTime
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.testing import assert_close

from models.positions import Concatenated, ShawRelative, SkewedRelative, sinusoid, sinusoid_2d, skew
from models.settings import DataShape, Local1D, ShawParts
from tests.models import naive
from tests.models.networks import BESIDE, LABELLED, PITCH_TIME, SINUSOID_2D, VOICES, decoder

CPU = torch.device("cpu")


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


def test_a_column_of_a_colour_image_counts_the_channels_of_its_pixels():
    colour = DataShape(
        inputs=9, outputs=7, height=2, width=2, channels=3, voices=None, pitches=None
    )
    embedding = decoder(SINUSOID_2D, shape=colour).embedding.float()
    places = embedding.again(torch.zeros(1, 12, 8), layer=0)[0]
    assert torch.equal(places, torch.zeros(12, 8))
    nn.init.zeros_(embedding.tokens.weight)
    expected = [
        naive.positional_encoding(row, 4) + naive.positional_encoding(3 * pixel + channel, 4)
        for row in range(2)
        for pixel in range(2)
        for channel in range(3)
    ]
    positions = embedding(torch.zeros(1, 12, dtype=torch.long))[0]
    assert_close(positions, torch.tensor(expected), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("scheme", [BESIDE, LABELLED])
def test_a_concatenated_position_stands_beside_the_vector(scheme):
    voices = 3 if scheme is LABELLED else None
    beside = Concatenated(6, scheme, voices).double()
    vectors = _random(2, 5, 6).requires_grad_()
    first = 4
    joined = beside(vectors, torch.arange(first, first + 5))
    weights = (beside.join.weight, beside.join.bias)
    labels = () if voices is None else (beside.labels.weight,)
    expected = []
    for row in vectors:
        for place, vector in enumerate(row, start=first):
            parts = [vector, torch.tensor(naive.positional_encoding(place, 4)).double()]
            parts += [table[place % 3] for table in labels]  # 0 is soprano's, after START
            expected.append(weights[0] @ torch.cat(parts) + weights[1])
    expected = torch.stack(expected).view(2, 5, 6)
    assert_close(joined, expected, atol=1e-6, rtol=1e-6)  # the sinusoids are float32
    upstream, inputs = _random(2, 5, 6, seed=9), (vectors, *weights, *labels)
    assert_close(
        torch.autograd.grad(joined, inputs, upstream),
        torch.autograd.grad(expected, inputs, upstream),
        atol=1e-6,
        rtol=1e-6,
    )


@given(
    leading=st.lists(st.integers(1, 3), max_size=2),
    queries=st.integers(1, 12),
    more=st.integers(0, 12),
    seed=st.integers(0),
)
def test_skewing_puts_each_distance_where_query_minus_key_is_that_distance(
    leading, queries, more, seed
):
    distances = queries + more
    products = _random(*leading, queries, distances, seed=seed % 2**32)
    skewed = skew(products)
    for query in range(queries):
        for key in range(query + more + 1):
            # column 0 holds the distance of the last query to the first key
            column_of_distance = (queries - 1) - (query - key)
            expected = products[..., query, column_of_distance]
            assert torch.equal(skewed[..., query, key], expected)


RELATIVE_CASES = [(7, 1), (7, 3), (7, 6), (7, 20), (1, 4)]  # length, max_distance
TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5}
shapes = given(
    length=st.integers(1, 12),
    max_distance=st.integers(1, 14),
    causal=st.booleans(),
    dtype=st.sampled_from(sorted(TOLERANCES, key=str)),
    seed=st.integers(0, 1000),
)


@settings(max_examples=60)
@shapes
def test_skewed_attention_equals_the_gathered_form(length, max_distance, causal, dtype, seed):
    query, key, value = (
        _random(2, 3, length, 4, seed=seed + each).to(dtype).requires_grad_() for each in range(3)
    )
    ahead = 0 if causal else max_distance
    relative = _skewed(max_distance, ahead).to(dtype)
    visible = torch.ones(length, length, dtype=torch.bool).tril() if causal else None
    fast = attend_relative(query, key, value, visible, relative, 0, 0.0)
    vectors = relative.embeddings
    slow = naive.skewed_attention(
        query, key, value, vectors, ahead, naive.distances(length), visible
    )
    _assert_equal_with_gradients(fast, slow, (query, key, value, vectors), TOLERANCES[dtype])


@pytest.mark.parametrize("causal", [True, False])
def test_skewed_attention_equals_torch_with_the_gathered_logits_as_a_mask(causal):
    query, key, value = (_random(2, 3, 7, 4, seed=seed) for seed in range(3))
    ahead = 0 if causal else 3
    relative = _skewed(3, ahead)
    index = naive.distances(7).clamp(-ahead, 3) + ahead
    bias = torch.einsum("bhid,hijd->bhij", query, relative.embeddings[:, index]) / 2.0
    visible = torch.ones(7, 7, dtype=torch.bool).tril(0 if causal else 7)
    mask = bias.masked_fill(~visible, -torch.inf)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    assert_close(attend_relative(query, key, value, visible, relative, 0, 0.0), expected)


@settings(max_examples=60)
@given(
    scheme=st.sampled_from(["skewed", "shaw"]),
    size=st.integers(1, 5),
    memory=st.integers(1, 6),
    length=st.integers(1, 17),
    max_distance=st.integers(1, 14),
    parts=st.sampled_from(ShawParts),
    seed=st.integers(0, 1000),
)
def test_relative_attention_in_blocks_equals_the_dense_form(
    scheme, size, memory, length, max_distance, parts, seed
):
    locality = Local1D(kind="local_1d", query_block=size, memory_block=memory)
    heads = [_random(2, 3, length, 4, seed=seed + each).requires_grad_() for each in range(3)]
    distances = naive.local_1d_distances(locality, length)
    visible = naive.local_1d_visible(locality, length)
    if scheme == "skewed":
        relative = _skewed(max_distance, 0)
        slow = naive.skewed_attention(*heads, relative.embeddings, 0, distances, visible)
    else:
        relative = _random_vectors(ShawRelative(4, max_distance, parts))
        tables = relative.keys, relative.values
        slow = naive.shaw_attention(*heads, *tables, distances, visible)
    fast = attend_relative_blocks(*heads, frames(locality, length, CPU), relative, 0.0)
    _assert_equal_with_gradients(fast, slow, (*heads, *relative.parameters()))


@pytest.mark.parametrize("ahead", [0, 3])
def test_a_block_of_queries_has_its_rows_of_all(ahead):
    relative, query = _skewed(3, ahead), _random(2, 3, 9, 4)
    everything = relative.logits(query, 0, 9)
    keys = 6 if ahead == 0 else 9
    rows = relative.logits(query[:, :, 2:6], 2, keys)
    seen = torch.ones(4, keys, dtype=torch.bool).tril(2 if ahead == 0 else keys)
    assert_close(rows[..., seen], everything[:, :, 2:6, :keys][..., seen])


class Largest(TorchFunctionMode):
    """The number of elements of the largest tensor that any function returns."""

    elements = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.elements = max(self.elements, result.numel())
        return result


@pytest.mark.parametrize("scheme", ["causal", "unmasked", "local", "pitch_time"])
def test_no_tensor_of_queries_keys_and_widths_exists(scheme):
    length, d_head = 64, 32
    heads = [torch.randn(1, 2, length, d_head) for _ in range(3)]
    locality = Local1D(kind="local_1d", query_block=8, memory_block=8)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    relative = SkewedRelative(2, d_head, 16, ahead=16 * (scheme == "unmasked"))
    if scheme == "pitch_time":
        relative = RelativePitchTime(2, d_head, PITCH_TIME, VOICES).of(torch.ones(1, length).long())
    with Largest() as largest:
        if scheme == "local":
            blocks = frames(locality, length, CPU)
            attend_relative_blocks(*heads, blocks, relative, 0.0)
        else:
            visible = None if scheme == "unmasked" else causal
            attend_relative(*heads, visible, relative, 0, 0.0)
    logits = 2 * length * (2 * length)  # each distance once, in both directions
    keys_of_blocks = 2 * length // 8 * 17 * d_head
    assert largest.elements <= (keys_of_blocks if scheme == "local" else logits)


@pytest.mark.parametrize("parts", ShawParts)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("length", "max_distance"), [*RELATIVE_CASES, (7, 0)])
def test_shaw_attention_equals_the_tensor_form(length, max_distance, causal, parts):
    query, key, value = (_random(2, 3, length, 4, seed=seed).requires_grad_() for seed in range(3))
    relative = _random_vectors(ShawRelative(4, max_distance, parts))
    visible = torch.ones(length, length, dtype=torch.bool).tril() if causal else None
    fast = attend_relative(query, key, value, visible, relative, 0, 0.0)
    tables = relative.keys, relative.values
    slow = naive.shaw_attention(query, key, value, *tables, naive.distances(length), visible)
    _assert_equal_with_gradients(fast, slow, (query, key, value, *relative.parameters()))


@pytest.mark.parametrize(
    ("parts", "names"),
    [("keys_and_values", {"keys", "values"}), ("keys", {"keys"}), ("values", {"values"})],
)
def test_only_the_chosen_parts_have_vectors(parts, names):
    relative = ShawRelative(4, 2, ShawParts(parts))
    assert {name for name, _ in relative.named_parameters()} == names


def test_a_largest_distance_of_0_tells_no_order_without_a_mask():
    """All distances share one vector: what is attended to, permuted, gives the same sums."""
    relative = _random_vectors(ShawRelative(4, 0, ShawParts.KEYS_AND_VALUES))
    query, key, value = (_random(2, 3, 7, 4, seed=seed) for seed in range(3))
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    attended = attend_relative(query, key, value, None, relative, 0, 0.0)
    permuted = attend_relative(query, key[:, :, order], value[:, :, order], None, relative, 0, 0.0)
    assert_close(permuted, attended)


def test_the_largest_distance_is_clipped_and_not_dropped():
    relative = ShawRelative(2, 1, ShawParts.KEYS_AND_VALUES).double()
    logits = relative.logits(torch.ones(1, 1, 1, 2, dtype=torch.float64), first=3, keys=7)
    sums = relative.keys.sum(dim=-1)
    assert_close(logits[0, 0, 0], sums[torch.tensor([0, 0, 0, 1, 2, 2, 2])])


@pytest.mark.parametrize(
    "scheme",
    [
        SkewedRelative(3, 4, 3, 0),
        SkewedRelative(3, 4, 3, 3),
        ShawRelative(4, 3, ShawParts.KEYS_AND_VALUES),
    ],
)
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


@pytest.mark.parametrize(
    "scheme",
    [
        SkewedRelative(3, 4, 5, 0),
        SkewedRelative(3, 4, 5, 5),
        ShawRelative(4, 2, ShawParts.KEYS_AND_VALUES),
    ],
)
def test_relative_logits_depend_on_distance_alone(scheme):
    query = _random(2, 3, 1, 4).float()
    late, early = scheme.logits(query, first=9, keys=10), scheme.logits(query, first=3, keys=4)
    assert_close(late[..., -4:], early)


def _skewed(behind: int, ahead: int) -> SkewedRelative:
    return _random_vectors(SkewedRelative(3, 4, behind, ahead))


def _random_vectors(relative: nn.Module) -> nn.Module:
    for seed, parameter in enumerate(relative.double().parameters(), start=50):
        parameter.data = _random(*parameter.shape, seed=seed)
    return relative


def _assert_equal_with_gradients(fast, slow, inputs, tolerance=1e-10):
    assert_close(fast, slow, atol=tolerance, rtol=tolerance)
    upstream = _random(*fast.shape, seed=9).to(fast.dtype)
    assert_close(
        torch.autograd.grad(fast, inputs, upstream),
        torch.autograd.grad(slow, inputs, upstream),
        atol=tolerance,
        rtol=tolerance,
    )

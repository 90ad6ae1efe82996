"""Attention of a pattern, fast, against attention with its dense mask."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from models.settings import Backend, Local1D, SequenceLayout, ShawParts
from models.shared.positions import AttentionPositions
from models.transformer import patterns
from models.transformer.attention import attention
from models.transformer.patterns import Full, Heads, Local, causal_mask, source_pattern
from models.transformer.patterns import pattern as pattern_of
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, random_tensor
from tests.models.networks import ALIBI, BLOCKWISE, FULL, IMAGE, LOCAL_1D, LOCAL_2D, TEXT, images
from tests.models.schemes import scheme as scheme_of
from tests.models.schemes import shaw, skewed
from tests.models.strategies import local_1d, local_2d

SCHEMES = ["none", "shaw", "shaw keys", "shaw values", "skewed", "skewed both ways", "alibi"]
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
CAUSAL = Full(Backend.BLOCKWISE, causal=True)


def _scheme(name: str, heads: int, d_head: int, distance: int) -> AttentionPositions | None:
    match name:
        case "none":
            return None
        case "shaw":
            return shaw(distance, ShawParts.KEYS_AND_VALUES, heads, d_head)
        case "shaw keys":
            return shaw(distance, ShawParts.KEYS, heads, d_head)
        case "shaw values":
            return shaw(distance, ShawParts.VALUES, heads, d_head)
        case "skewed":
            return skewed(distance, True, heads, d_head)
        case "skewed both ways":
            return skewed(distance, False, heads, d_head)
        case "alibi":
            return scheme_of(ALIBI, heads, d_head, causal=False)


def _dense(heads: Heads, mask: Tensor, positions: AttentionPositions | None = None) -> Tensor:
    return attention(heads.query, heads.key, heads.value, mask, 0.0, positions)


def _mask(pattern: Full, heads: Heads) -> Tensor:
    """True for keys that are no padding and, if the pattern is causal, not after the query."""
    mask = torch.ones(heads.query.shape[2], heads.key.shape[2], dtype=torch.bool)
    if pattern.causal:
        mask = mask.tril()
    return mask if heads.padding is None else mask & heads.padding


@st.composite
def cases(draw):
    scheme, dtype = draw(st.sampled_from(SCHEMES)), draw(st.sampled_from(list(TOLERANCE)))
    causal = scheme == "skewed" or draw(st.booleans())
    batch, heads, queries, d_head = (draw(st.integers(1, limit)) for limit in (3, 3, 20, 5))
    keys = queries if causal or scheme != "none" else draw(st.integers(1, 20))
    torch.manual_seed(draw(st.integers(0, 1000)))
    shapes = ((batch, heads, length, d_head) for length in (queries, keys, keys))
    inputs = [torch.randn(shape, dtype=dtype).requires_grad_() for shape in shapes]
    padding = None
    if draw(st.booleans()):
        padding = torch.rand(batch, 1, 1, keys) < 0.7
        padding[..., 0] = True  # a query that may attend to nothing has no attention
    positions = _scheme(scheme, heads, d_head, draw(st.integers(1, 25)))
    positions = positions if positions is None else positions.to(dtype)
    return Heads(*inputs, padding), Full(Backend.BLOCKWISE, causal), positions


@settings(max_examples=60)
@given(case=cases(), query_block=st.integers(1, 24))
def test_blockwise_attention_equals_the_dense_form(case, query_block):
    heads, pattern, positions = case
    inputs = [heads.query, heads.key, heads.value]
    with patch.object(patterns, "QUERY_BLOCK", query_block):
        blockwise = pattern.attention(heads, positions, 0.0)
        with torch.no_grad():
            assert torch.equal(pattern.attention(heads, positions, 0.0), blockwise)
        dense = _dense(heads, _mask(pattern, heads), positions)
        inputs += [] if positions is None else list(positions.parameters())
        assert_same_values_and_gradients(blockwise, dense, inputs, TOLERANCE[dense.dtype])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_dropped_is_dropped_again_in_the_backward_pass(scheme, monkeypatch):
    monkeypatch.setattr(patterns, "QUERY_BLOCK", 2)
    inputs = [random_tensor(1, 2, 5, 2, seed=seed).requires_grad_() for seed in range(3)]
    positions = _scheme(scheme, 2, 2, 3)

    def drawn(*inputs: Tensor) -> Tensor:
        torch.manual_seed(7)
        return CAUSAL.attention(Heads(*inputs), positions, 0.5)

    assert torch.autograd.gradcheck(drawn, inputs, fast_mode=True)
    assert not torch.allclose(drawn(*inputs), CAUSAL.attention(Heads(*inputs), positions, 0.0))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_tensor_holds_all_queries_and_keys_and_no_block_is_kept(scheme, monkeypatch):
    monkeypatch.setattr(patterns, "QUERY_BLOCK", 8)
    count, length, d_head = 2, 256, 4
    positions = _scheme(scheme, count, d_head, 5)

    def largest_and_kept(backend: Backend) -> tuple[int, int]:
        pattern, kept = Full(backend, causal=True), {}
        inputs = [random_tensor(1, count, length, d_head).requires_grad_() for _ in range(3)]

        def keep(saved: Tensor) -> Tensor:
            kept[saved.untyped_storage().data_ptr()] = saved.untyped_storage().nbytes() // 8
            return saved

        with _Largest() as largest:
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
                output = pattern.attention(Heads(*inputs), positions, 0.0)
            output.sum().backward()
        return largest.elements, sum(kept.values())

    causal_mask.cache_clear()
    largest, kept = largest_and_kept(Backend.BLOCKWISE)
    assert largest <= 2 * count * length * 8
    assert kept <= 4 * count * length * d_head
    largest, kept = largest_and_kept(Backend.DENSE)
    assert largest >= length**2
    assert kept >= length**2


@pytest.mark.parametrize(
    ("scheme", "causal"),
    [
        (scheme, causal)
        for scheme in SCHEMES
        for causal in (True, False)
        if causal or scheme != "skewed"
    ],
)
def test_a_long_sequence_without_a_gradient_never_holds_all_queries_and_keys(
    scheme, causal, monkeypatch
):
    """With the dense backend too: a line of 10,000 tokens would take gigabytes."""
    monkeypatch.setattr(patterns, "QUERY_BLOCK", 8)
    count, length, d_head = 2, 256, 4
    positions, pattern = _scheme(scheme, count, d_head, 5), Full(Backend.DENSE, causal)
    heads = Heads(*(random_tensor(1, count, length, d_head) for _ in range(3)))
    causal_mask.cache_clear()
    with torch.no_grad(), _Largest() as largest:
        found = pattern.attention(heads, positions, 0.0)
    assert largest.elements <= 2 * count * length * 8
    torch.testing.assert_close(found, pattern.attention(heads, positions, 0.0))


class _Largest(TorchDispatchMode):
    """Notes the number of elements of the largest tensor that an operation returns."""

    elements = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        """Run the operation as it is."""
        results = operation(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(results) if isinstance(leaf, Tensor)]
        self.elements = max(self.elements, *sizes, 0)
        return results


@settings(deadline=None, max_examples=50)
@given(local=local_1d, length=st.integers(1, 25), seed=st.integers(0, 1000))
def test_local_1d_attention_equals_the_dense_form(local, length, seed):
    _assert_blocks_equal_dense(Local(local, SequenceLayout()), length, seed)


@settings(deadline=None, max_examples=50)
@given(
    local=local_2d,
    down=st.integers(1, 3),
    across=st.integers(1, 3),
    cut=st.integers(0, 5),
    seed=st.integers(0, 1000),
)
def test_local_2d_attention_equals_the_dense_form(local, down, across, cut, seed):
    layout = images(down * local.query_rows, across * local.query_columns).layout
    length = max(1, layout.height * layout.width - cut)
    _assert_blocks_equal_dense(Local(local, layout), length, seed)


def _assert_blocks_equal_dense(pattern: Local, length: int, seed: int) -> None:
    inputs = [
        random_tensor(2, 2, length, 3, seed=seed + part).requires_grad_() for part in range(3)
    ]
    heads = Heads(*inputs)
    fast = pattern.attention(heads, None, 0.0)
    assert_same_values_and_gradients(fast, _dense(heads, pattern.dense_mask(heads)), inputs)


@settings(max_examples=60)
@given(
    scheme=st.sampled_from(["skewed", "shaw", "alibi"]),
    size=st.integers(1, 5),
    memory=st.integers(1, 6),
    length=st.integers(1, 17),
    max_distance=st.integers(1, 14),
    parts=st.sampled_from(ShawParts),
    seed=st.integers(0, 1000),
)
def test_relative_attention_in_frames_equals_the_dense_form(
    scheme, size, memory, length, max_distance, parts, seed
):
    local = Local1D(kind="local_1d", query_block=size, memory_block=memory)
    heads = [random_tensor(2, 3, length, 4, seed=seed + part).requires_grad_() for part in range(3)]
    distances = naive.local_1d_distances(local, length)
    mask = naive.local_1d_mask(local, length)
    if scheme == "skewed":
        positions = skewed(max_distance, causal=True)
        slow = naive.skewed_attention(*heads, positions.embeddings, 0, distances, mask)
    elif scheme == "alibi":
        positions = scheme_of(ALIBI, 3, 4, causal=True)
        slow = naive.alibi_attention(*heads, distances, mask)
    else:
        positions = shaw(max_distance, parts)
        tables = positions.key_vectors, positions.value_vectors
        slow = naive.shaw_attention(*heads, *tables, distances, mask)
    fast = Local(local, SequenceLayout()).attention(Heads(*heads), positions, 0.0)
    assert_same_values_and_gradients(fast, slow, [*heads, *positions.parameters()])


def test_a_decoder_is_causal_and_a_source_is_seen_whole():
    heads = Heads(*(random_tensor(1, 1, 5, 2) for _ in range(3)))
    for full in (FULL, BLOCKWISE):
        decoder, source = pattern_of(full, TEXT.layout), source_pattern(full)
        assert (decoder.backend, source.backend) == (full.backend, full.backend)
        assert torch.equal(decoder.dense_mask(heads), torch.ones(5, 5, dtype=torch.bool).tril())
        assert source.dense_mask(heads) is None
    for local in (LOCAL_1D, LOCAL_2D):
        assert pattern_of(local, IMAGE.layout).settings == local
        assert source_pattern(local).backend is Backend.DENSE

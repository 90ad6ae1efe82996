"""Blockwise attention against the dense forms, which other tests hold equal to the equations."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models.attention import attend, attend_blockwise, attend_relative
from models.locality import Blockwise
from torch import Tensor, nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from models import attention
from models.positions import ShawRelative, SkewedRelative
from models.settings import ShawParts

SCHEMES = ["none", "shaw", "shaw keys", "shaw values", "skewed", "skewed both ways"]


def _scheme(name: str, heads: int, d_head: int, distance: int) -> nn.Module | None:
    match name:
        case "none":
            return None
        case "shaw":
            return ShawRelative(d_head, distance, ShawParts.KEYS_AND_VALUES)
        case "shaw keys":
            return ShawRelative(d_head, distance, ShawParts.KEYS)
        case "shaw values":
            return ShawRelative(d_head, distance, ShawParts.VALUES)
        case "skewed":
            return SkewedRelative(heads, d_head, distance, ahead=0)
        case "skewed both ways":
            return SkewedRelative(heads, d_head, distance, ahead=distance)


def _dense(query: Tensor, key: Tensor, value: Tensor, visible: Blockwise, relative) -> Tensor:
    mask = visible.keys
    if visible.causal:
        mask = mask & torch.ones(query.shape[2], key.shape[2], dtype=torch.bool).tril()
    if relative is None:
        return attend(query, key, value, mask, 0.0)
    return attend_relative(query, key, value, mask, relative, 0, 0.0)


@st.composite
def cases(draw):
    scheme, dtype = draw(st.sampled_from(SCHEMES)), draw(st.sampled_from(list(TOLERANCE)))
    causal = scheme == "skewed" or draw(st.booleans())
    batch, heads, queries, d_head = (draw(st.integers(1, limit)) for limit in (3, 3, 20, 5))
    keys = queries if causal or scheme != "none" else draw(st.integers(1, 20))
    torch.manual_seed(draw(st.integers(0, 1000)))
    shapes = ((batch, heads, length, d_head) for length in (queries, keys, keys))
    inputs = [torch.randn(shape, dtype=dtype).requires_grad_() for shape in shapes]
    seen = torch.rand(batch if draw(st.booleans()) else 1, 1, 1, keys) < 0.7
    seen[..., 0] = True  # a query that sees nothing has no attention
    relative = _scheme(scheme, heads, d_head, draw(st.integers(1, 25)))
    return inputs, Blockwise(seen, causal), relative if relative is None else relative.to(dtype)


TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


@settings(max_examples=60)
@given(case=cases(), query_block=st.integers(1, 24))
def test_values_and_gradients_are_those_of_the_dense_form(case, query_block):
    inputs, visible, relative = case
    with patch.object(attention, "QUERY_BLOCK", query_block):
        blockwise = attend_blockwise(*inputs, visible, relative, 0.0)
        with torch.no_grad():
            assert torch.equal(attend_blockwise(*inputs, visible, relative, 0.0), blockwise)
        dense = _dense(*inputs, visible, relative)
        tolerance = TOLERANCE[dense.dtype]
        assert_close(blockwise, dense, atol=tolerance, rtol=tolerance)
        inputs += [] if relative is None else list(relative.parameters())
        upstream = torch.randn_like(dense)
        assert_close(
            torch.autograd.grad(blockwise, inputs, upstream),
            torch.autograd.grad(dense, inputs, upstream),
            atol=tolerance,
            rtol=tolerance,
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_dropped_is_dropped_again_in_the_backward_pass(scheme, monkeypatch):
    monkeypatch.setattr(attention, "QUERY_BLOCK", 2)
    torch.manual_seed(0)
    inputs = [torch.randn(1, 2, 5, 2, dtype=torch.float64).requires_grad_() for _ in range(3)]
    relative = _scheme(scheme, 2, 2, 3)
    relative = relative if relative is None else relative.double()
    visible = Blockwise(torch.ones(1, 1, 1, 5, dtype=torch.bool), causal=True)

    def drawn(*inputs: Tensor) -> Tensor:
        torch.manual_seed(7)
        return attend_blockwise(*inputs, visible, relative, 0.5)

    assert torch.autograd.gradcheck(drawn, inputs, fast_mode=True)
    assert not torch.allclose(drawn(*inputs), attend_blockwise(*inputs, visible, relative, 0.0))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_tensor_holds_all_queries_and_keys_and_no_block_is_kept(scheme, monkeypatch):
    monkeypatch.setattr(attention, "QUERY_BLOCK", 8)
    heads, length, d_head = 2, 256, 4
    inputs = [torch.randn(1, heads, length, d_head, requires_grad=True) for _ in range(3)]
    visible = Blockwise(torch.ones(1, 1, 1, length, dtype=torch.bool), causal=True)
    relative = _scheme(scheme, heads, d_head, 5)

    def largest_and_kept(attended) -> tuple[int, int]:
        kept = {}

        def keep(saved: Tensor) -> Tensor:
            kept[saved.untyped_storage().data_ptr()] = saved.untyped_storage().nbytes() // 4
            return saved

        with _Largest() as largest:
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
                output = attended(*inputs, visible, relative)
            output.sum().backward()
        return largest.elements, sum(kept.values())

    largest, kept = largest_and_kept(lambda *those: attend_blockwise(*those, 0.0))
    assert largest <= 2 * heads * length * 8
    assert kept <= 4 * heads * length * d_head
    largest, kept = largest_and_kept(_dense)
    assert largest >= length**2
    assert kept >= length**2


class _Largest(TorchDispatchMode):
    """Notes the number of elements of the largest tensor that an operation returns."""

    elements = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        """Run the operation as it is."""
        results = operation(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(results) if isinstance(leaf, Tensor)]
        self.elements = max(self.elements, *sizes, 0)
        return results

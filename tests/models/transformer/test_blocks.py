import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models.attention import attend, attend_blocks
from models.locality import blocks, frames, generation_order, visible
from torch.testing import assert_close

from models import locality as module
from models.settings import Full, Local1D, Local2D
from tests.models import naive

CPU = torch.device("cpu")
FULL = Full(kind="full")

small = st.integers(1, 4)
local_1d = st.builds(
    Local1D, kind=st.just("local_1d"), query_block=st.integers(1, 9), memory_block=st.integers(1, 9)
)
local_2d = st.builds(
    Local2D,
    kind=st.just("local_2d"),
    query_rows=small,
    query_columns=small,
    memory_rows=small,
    memory_columns=small,
)


def _dense(locality, length, height=1, width=1):
    everything = torch.arange(length)
    return visible(locality, everything, everything, height, width)


def test_full_locality_is_causal():
    assert torch.equal(_dense(FULL, 5), torch.ones(5, 5, dtype=torch.bool).tril())


@given(locality=local_1d, length=st.integers(1, 25))
def test_local_1d_is_the_block_and_the_memory_before_it(locality, length):
    assert torch.equal(_dense(locality, length), naive.local_1d_visible(locality, length))


@settings(deadline=None)
@given(locality=local_2d, down=st.integers(1, 3), across=st.integers(1, 3))
def test_local_2d_is_the_rectangle_extended_to_the_top_left_and_right(locality, down, across):
    height, width = down * locality.query_rows, across * locality.query_columns
    expected = naive.local_2d_visible(locality, height, width)
    assert torch.equal(_dense(locality, height * width, height, width), expected)


@given(locality=st.one_of(local_1d, local_2d, st.just(FULL)), down=small, across=small)
def test_the_generation_order_is_a_permutation(locality, down, across):
    rows = getattr(locality, "query_rows", 2)
    columns = getattr(locality, "query_columns", 2)
    order = generation_order(locality, down * rows, across * columns)
    assert sorted(order) == list(range(down * rows * across * columns))


@given(locality=local_2d, down=small, across=small)
def test_local_2d_generates_block_after_block(locality, down, across):
    height, width = down * locality.query_rows, across * locality.query_columns
    pixels = naive.blockwise_raster(locality, height, width)
    expected = [row * width + column for row, column in pixels]
    assert generation_order(locality, height, width) == expected


def test_generation_orders_have_known_values():
    locality = Local2D(
        kind="local_2d", query_rows=2, query_columns=2, memory_rows=1, memory_columns=1
    )
    assert generation_order(locality, 2, 4) == [0, 1, 4, 5, 2, 3, 6, 7]
    assert generation_order(FULL, 2, 4) == list(range(8))


@pytest.mark.parametrize(("height", "width"), [(5, 4), (4, 5)])
def test_blocks_that_do_not_tile_the_image_are_an_error(height, width):
    locality = Local2D(
        kind="local_2d", query_rows=2, query_columns=2, memory_rows=1, memory_columns=1
    )
    with pytest.raises(ValueError, match=f"2 x 2 do not tile images of {height} x {width}"):
        generation_order(locality, height, width)


@settings(deadline=None, max_examples=50)
@given(locality=local_1d, length=st.integers(1, 25), seed=st.integers(0, 1000))
def test_blocked_local_1d_attention_equals_the_dense_form(locality, length, seed):
    _assert_blocks_equal_dense(locality, length, 1, 1, seed)


@settings(deadline=None, max_examples=50)
@given(
    locality=local_2d,
    down=st.integers(1, 3),
    across=st.integers(1, 3),
    cut=st.integers(0, 5),
    seed=st.integers(0, 1000),
)
def test_blocked_local_2d_attention_equals_the_dense_form(locality, down, across, cut, seed):
    height, width = down * locality.query_rows, across * locality.query_columns
    length = max(1, height * width - cut)
    _assert_blocks_equal_dense(locality, length, height, width, seed)


@settings(deadline=None, max_examples=50)
@given(locality=st.one_of(local_1d, local_2d), down=small, across=small, cut=st.integers(0, 5))
def test_blocks_hold_the_dense_mask_and_reach_as_far_as_it(locality, down, across, cut):
    height = down * getattr(locality, "query_rows", 5)
    width = across * getattr(locality, "query_columns", 5)
    length = max(1, height * width - cut)
    dense = _dense(locality, length, height, width)
    found = blocks(locality, length, height, width, CPU)
    for rows, keys, mask in zip(
        dense.split(found.visible.shape[1]), found.keys, found.visible, strict=True
    ):
        needed = rows.any(dim=0).nonzero().squeeze(-1)
        assert torch.equal(keys[: len(needed)], needed)
        assert torch.equal(mask[: len(rows), : len(needed)], rows[:, needed])
        assert not mask[len(rows) :].any() and not mask[:, len(needed) :].any()
    for position, row in enumerate(dense):
        seen = row.nonzero().squeeze(-1)
        assert torch.equal(found.seen(position), seen)
        assert position - int(seen[:2][-1]) < found.reach  # the condition, then the oldest one


@pytest.mark.parametrize(
    ("locality", "height", "width", "reach"),
    [
        (Local1D(kind="local_1d", query_block=8, memory_block=16), 1, 1, 8 + 16),
        # The pixels of a block, of a row of blocks, and of the block left of the one above from its
        # last column on; each is the input one step after it.
        (
            Local2D(
                kind="local_2d", query_rows=4, query_columns=4, memory_rows=4, memory_columns=1
            ),
            64,
            16,
            16 + 4 * 16 + 13 - 1,
        ),
    ],
)
def test_building_blocks_asks_about_each_block_s_surroundings_alone(
    locality, height, width, reach, monkeypatch
):
    asked = []

    def counted(locality, queries, keys, *size):
        asked.append(len(queries) * len(keys))
        return visible(locality, queries, keys, *size)

    monkeypatch.setattr(module, "visible", counted)
    for length in (512, 1024):
        asked.clear()
        assert blocks(locality, length, height, width, CPU).reach == reach
        assert sum(asked) <= length * 50


def test_a_block_holds_no_more_keys_than_the_condition_its_memory_and_itself():
    locality = Local1D(kind="local_1d", query_block=4, memory_block=6)
    cut = blocks(locality, 40, 1, 1, CPU)
    condition, memory, own = 1, 6, 4
    assert cut.keys.shape == (10, condition + memory + own)
    assert cut.visible.shape == (10, 4, condition + memory + own)


@given(locality=local_1d, length=st.integers(1, 25))
def test_frames_show_what_the_locality_shows_each_position_once(locality, length):
    framed = frames(locality, length, CPU)
    shown = torch.zeros(framed.visible.shape[0] * framed.visible.shape[1], length, dtype=torch.long)
    for block, (keys, rows) in enumerate(zip(framed.keys, framed.visible, strict=True)):
        for row, seen in enumerate(rows, start=block * len(rows)):
            shown[row].index_add_(0, keys, seen.long())
    assert torch.equal(shown[:length], _dense(locality, length).long())


@given(locality=local_1d, length=st.integers(1, 25))
def test_the_frame_of_one_position_ends_with_it_and_shows_what_it_sees(locality, length):
    framed, dense = frames(locality, length, CPU), _dense(locality, length, 1, 1)
    for position in range(length):
        frame = framed.frame(position)
        keys, seen = frame.keys[0], frame.visible[0, 0]
        assert keys[-1] == position
        assert len(keys) == 2 + locality.memory_block + position % locality.query_block
        assert sorted(keys[seen].tolist()) == dense[position].nonzero().squeeze(-1).tolist()


def _assert_blocks_equal_dense(locality, length, height, width, seed):
    random = torch.Generator().manual_seed(seed)
    query, key, value, upstream = (
        torch.randn(2, 2, length, 3, dtype=torch.float64, generator=random) for _ in range(4)
    )
    inputs = [tensor.requires_grad_() for tensor in (query, key, value)]
    cut = blocks(locality, length, height, width, CPU)
    fast = attend_blocks(*inputs, cut, 0.0)
    slow = attend(*inputs, _dense(locality, length, height, width), 0.0)
    assert_close(fast, slow)
    gradients = torch.autograd.grad(fast, inputs, upstream)
    assert_close(gradients, torch.autograd.grad(slow, inputs, upstream))

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.settings import Local1D, Local2D
from models.transformer import blocks as module
from models.transformer.blocks import blocks, frames, local_mask
from tests.models import naive
from tests.models.strategies import local_1d, local_2d, small

CPU = torch.device("cpu")


def dense_mask(local: Local1D | Local2D, length: int, height: int = 1, width: int = 1) -> Tensor:
    """Whether each query may attend to each key, (query, key)."""
    positions = torch.arange(length)
    return local_mask(local, positions, positions, height, width)


@given(local=local_1d, length=st.integers(1, 25))
def test_local_1d_is_the_block_and_the_memory_before_it(local, length):
    assert torch.equal(dense_mask(local, length), naive.local_1d_mask(local, length))


@settings(deadline=None)
@given(local=local_2d, down=st.integers(1, 3), across=st.integers(1, 3))
def test_local_2d_is_the_rectangle_extended_to_the_top_left_and_right(local, down, across):
    height, width = down * local.query_rows, across * local.query_columns
    expected = naive.local_2d_mask(local, height, width)
    assert torch.equal(dense_mask(local, height * width, height, width), expected)


@settings(deadline=None, max_examples=50)
@given(local=st.one_of(local_1d, local_2d), down=small, across=small, cut=st.integers(0, 5))
def test_blocks_hold_the_dense_mask_and_reach_as_far_as_it(local, down, across, cut):
    height = down * getattr(local, "query_rows", 5)
    width = across * getattr(local, "query_columns", 5)
    length = max(1, height * width - cut)
    dense = dense_mask(local, length, height, width)
    found = blocks(local, length, height, width, CPU)
    for rows, keys, mask in zip(
        dense.split(found.mask.shape[1]), found.keys, found.mask, strict=True
    ):
        needed = rows.any(dim=0).nonzero().squeeze(-1)
        assert torch.equal(keys[: len(needed)], needed)
        assert torch.equal(mask[: len(rows), : len(needed)], rows[:, needed])
        assert not mask[len(rows) :].any() and not mask[:, len(needed) :].any()
    for position, row in enumerate(dense):
        allowed = row.nonzero().squeeze(-1)
        assert torch.equal(found.visible(position)[0], allowed)
        assert position - int(allowed[:2][-1]) < found.reach  # the condition, then the oldest one


@pytest.mark.parametrize(
    ("local", "height", "width", "reach"),
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
def test_building_blocks_asks_about_the_surroundings_of_each_block_alone(
    local, height, width, reach, monkeypatch
):
    asked = []

    def counted(local, queries, keys, *size):
        asked.append(len(queries) * len(keys))
        return local_mask(local, queries, keys, *size)

    monkeypatch.setattr(module, "local_mask", counted)
    blocks.cache_clear()
    for length in (512, 1024):
        asked.clear()
        assert blocks(local, length, height, width, CPU).reach == reach
        assert 0 < sum(asked) <= length * 50


def test_a_block_holds_no_more_keys_than_the_condition_its_memory_and_itself():
    local = Local1D(kind="local_1d", query_block=4, memory_block=6)
    cut = blocks(local, 40, 1, 1, CPU)
    condition, memory, own = 1, 6, 4
    assert cut.keys.shape == (10, condition + memory + own)
    assert cut.mask.shape == (10, 4, condition + memory + own)


@given(local=local_1d, length=st.integers(1, 25))
def test_frames_show_what_the_mask_allows_each_position_once(local, length):
    framed = frames(local, length, CPU)
    shown = torch.zeros(framed.mask.shape[0] * framed.mask.shape[1], length, dtype=torch.long)
    for block, (keys, rows) in enumerate(zip(framed.keys, framed.mask, strict=True)):
        for row, allowed in enumerate(rows, start=block * len(rows)):
            shown[row].index_add_(0, keys, allowed.long())
    assert torch.equal(shown[:length], dense_mask(local, length).long())


@given(local=local_1d, length=st.integers(1, 25))
def test_the_frame_of_one_position_ends_with_it_and_holds_what_it_may_attend_to(local, length):
    framed, dense = frames(local, length, CPU), dense_mask(local, length)
    for position in range(length):
        keys, places, count = framed.visible(position)
        assert keys[-1] == position
        assert count == 2 + local.memory_block + position % local.query_block
        assert keys.tolist() == dense[position].nonzero().squeeze(-1).tolist()


@given(local=local_1d, length=st.integers(1, 25))
def test_distances_in_a_frame_are_those_of_the_positions(local, length):
    """But for the condition, which is right before the memory."""
    framed = frames(local, length, CPU)
    for position in range(length):
        keys, places, count = framed.visible(position)
        assert torch.equal(count - 1 - places[1:], position - keys[1:])
    assert torch.equal(framed.keys[:, 0], torch.zeros(len(framed.keys), dtype=torch.long))

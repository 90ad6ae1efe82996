import torch
from hypothesis import given
from hypothesis import strategies as st

from models.transformer.cache import KeyValueCache
from models.transformer.patterns import Window

FIRST = Window(torch.tensor([0]))


def _written(cache: KeyValueCache, count: int, window: Window | None, seed: int):
    """Append `count` positions; return all of them, and those in `window` after the last one."""
    random = torch.Generator().manual_seed(seed)
    batch, heads, _, d_head = cache.keys.shape
    keys, values = torch.randn(2, batch, heads, count, d_head, generator=random)
    for position in range(count):
        asked = window if window is None or position == count - 1 else FIRST
        at = slice(position, position + 1)
        found = cache.append(keys[:, :, at], values[:, :, at], asked)
    return keys, values, found


@given(data=st.data(), kept=st.integers(1, 6), count=st.integers(1, 20), seed=st.integers(0, 99))
def test_a_ring_returns_the_first_and_the_last_positions_as_they_were(data, kept, count, seed):
    cache = KeyValueCache(3, 2, kept, 4, torch.empty(0))
    held = [0, *range(max(1, count - kept), count)]
    window = torch.tensor(data.draw(st.lists(st.sampled_from(held), unique=True)), dtype=torch.long)
    keys, values, found = _written(cache, count, Window(window), seed)
    assert torch.equal(found[0], keys[:, :, window])
    assert torch.equal(found[1], values[:, :, window])


@given(kept=st.integers(1, 9), seed=st.integers(0, 99))
def test_with_room_for_all_the_positions_are_in_their_order(kept, seed):
    keys, values, found = _written(KeyValueCache(3, 2, kept, 4, torch.empty(0)), kept, None, seed)
    assert torch.equal(found[0], keys)
    assert torch.equal(found[1], values)


@given(
    rows=st.lists(st.integers(0, 2), min_size=1, max_size=5),
    count=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_a_reordered_ring_is_the_ring_of_the_reordered_rows(rows, count, seed):
    cache = KeyValueCache(3, 2, 5, 4, torch.empty(0))
    keys, values, _ = _written(cache, count, FIRST, seed)
    cache.reorder(torch.tensor(rows))
    rebuilt = KeyValueCache(len(rows), 2, 5, 4, torch.empty(0))
    for position in range(count):
        at = slice(position, position + 1)
        rebuilt.append(keys[rows, :, at], values[rows, :, at], FIRST)
    held = Window(torch.tensor([0, *range(max(1, count - 4), count + 1)]))
    new = torch.zeros(len(rows), 2, 1, 4)
    for ours, theirs in zip(
        cache.append(new, new, held), rebuilt.append(new, new, held), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_a_cache_has_the_type_and_device_of_its_network():
    assert (
        KeyValueCache(1, 2, 3, 4, torch.empty(0, dtype=torch.float64)).keys.dtype is torch.float64
    )

import torch
from hypothesis import given
from hypothesis import strategies as st
from models.cache import KeyValueCache


def _written(cache: KeyValueCache, count: int, seen: torch.Tensor | None, seed: int):
    """Append `count` positions; return all that were appended and what the last one sees."""
    random = torch.Generator().manual_seed(seed)
    batch, heads, _, d_head = cache.keys.shape
    keys, values = torch.randn(2, batch, heads, count, d_head, generator=random)
    for position in range(count):
        last = seen if position == count - 1 else None if seen is None else seen[:0]
        found = cache.append(
            keys[:, :, position : position + 1], values[:, :, position : position + 1], last
        )
    return keys, values, found


@given(data=st.data(), kept=st.integers(1, 6), count=st.integers(1, 20), seed=st.integers(0, 99))
def test_a_ring_returns_the_first_and_the_last_positions_as_they_were(data, kept, count, seed):
    cache = KeyValueCache(3, 2, kept, 4, torch.empty(0))
    held = [0, *range(max(1, count - kept), count)]
    seen = torch.tensor(data.draw(st.lists(st.sampled_from(held), unique=True)), dtype=torch.long)
    keys, values, found = _written(cache, count, seen, seed)
    assert torch.equal(found[0], keys[:, :, seen])
    assert torch.equal(found[1], values[:, :, seen])


@given(kept=st.integers(1, 9), seed=st.integers(0, 99))
def test_with_room_for_all_the_positions_lie_in_their_order(kept, seed):
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
    keys, values, _ = _written(cache, count, torch.tensor([0]), seed)
    cache.reorder(torch.tensor(rows))
    rebuilt = KeyValueCache(len(rows), 2, 5, 4, torch.empty(0))
    for position in range(count):
        at = slice(position, position + 1)
        rebuilt.append(keys[rows, :, at], values[rows, :, at], torch.tensor([0]))
    held = torch.tensor([0, *range(max(1, count - 4), count + 1)])
    new = torch.zeros(len(rows), 2, 1, 4)
    for ours, theirs in zip(
        cache.append(new, new, held), rebuilt.append(new, new, held), strict=True
    ):
        assert torch.equal(ours, theirs)

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.testing import assert_close

from models.transformer.blocks import blocks
from models.transformer.cache import KEYS, KeyValueCache, growth
from models.transformer.past import Past
from tests.models.strategies import local_1d

HEADS, D_HEAD, LENGTH = 2, 4, 21


@settings(deadline=None, max_examples=50)
@given(
    groups=st.integers(1, 3),
    beam=st.integers(1, 5),
    local=st.none() | local_1d,
    seed=st.integers(0, 999),
)
def test_each_row_attends_to_its_ancestors_wherever_they_were(groups, beam, local, seed):
    """Rows change places in their group, some of them twice; groups leave, or are there twice."""
    random = torch.Generator().manual_seed(seed)
    found_blocks = None if local is None else blocks(local, LENGTH, 1, 1, torch.device("cpu"))
    kept = LENGTH if local is None else found_blocks.reach
    like = torch.empty(0, dtype=torch.float64)
    cache = KeyValueCache(groups, beam, HEADS, D_HEAD, like)
    past = Past([cache], found_blocks, kept, like.new_empty(groups * beam, 0, beam), None)
    keys = values = like.new_empty(groups * beam, HEADS, 0, D_HEAD)
    for position in range(LENGTH):
        new = torch.randn(3, len(keys), HEADS, D_HEAD, generator=random, dtype=like.dtype)
        query, key, value = (each.unflatten(0, (-1, beam)).transpose(1, 2) for each in new)
        window = past.window(position)
        cache.write(window.slot, key, value)
        attended = cache.attend(query, window, None, None).transpose(1, 2).flatten(0, 1)
        keys, values = (
            torch.cat((old, each[:, :, None]), dim=2)
            for old, each in zip((keys, values), new[1:], strict=True)
        )
        seen = slice(None) if local is None else found_blocks.visible(position)[0]
        expected = F.scaled_dot_product_attention(
            new[0][:, :, None], keys[:, :, seen], values[:, :, seen]
        )
        assert_close(attended, expected[:, :, 0])
        count = len(keys) // beam
        chosen = torch.randint(count, (int(torch.randint(1, 4, (), generator=random)),))
        parents = torch.randint(beam, (len(chosen), beam), generator=random)
        rows = (chosen[:, None] * beam + parents).flatten()
        past.reorder(rows)
        keys, values = keys[rows], values[rows]


def test_a_cache_grows_by_no_less_than_16_keys_and_by_no_more_than_it_has_to():
    for beam in range(1, 40):
        cache = KeyValueCache(1, beam, HEADS, D_HEAD, torch.empty(0))
        new = torch.zeros(1, HEADS, beam, D_HEAD)
        for slot in range(100):
            cache.write(slot, new, new)
            assert cache.keys.shape[3] * beam >= KEYS
            assert slot < cache.keys.shape[3] <= slot + growth(slot, beam)


def test_a_cache_has_the_type_and_device_of_its_network():
    cache = KeyValueCache(1, 1, 2, 4, torch.empty(0, dtype=torch.float64))
    assert cache.keys.dtype is torch.float64

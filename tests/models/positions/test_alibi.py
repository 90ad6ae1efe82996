"""ALiBi, against the published slopes and the written-out penalty."""

import pytest
import torch
from torch.testing import assert_close

from models.positions.alibi import Alibi, slopes
from models.settings import Alibi as Settings
from models.settings import SequenceLayout
from models.shared.positions import Site
from models.transformer.attention import attention
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, random_tensor


def scheme(num_heads):
    site = Site(d_model=4 * num_heads, num_heads=num_heads, layout=SequenceLayout())
    return Alibi(Settings(kind="alibi"), site)


def test_the_slopes_of_eight_and_of_sixteen_heads_are_the_published_ones():
    assert slopes(8) == [2.0**-power for power in range(1, 9)]
    assert slopes(16) == [2.0 ** (-power / 2) for power in range(1, 17)]


def test_another_number_of_heads_takes_every_second_slope_of_the_next_power():
    assert slopes(6) == [*slopes(4), *slopes(8)[0:4:2]]
    assert slopes(12) == [*slopes(8), *slopes(16)[0:8:2]]
    assert slopes(3) == [2.0**-4, 2.0**-8, 2.0**-2]


@pytest.mark.parametrize(("first", "keys"), [(0, 5), (4, 9), (0, 7)])
def test_the_penalty_is_the_slope_times_the_distance(first, keys):
    query = torch.zeros(2, 4, 5, 4, dtype=torch.float64)
    found = scheme(4).logits(query, first, keys, None)
    for head, slope in enumerate(slopes(4)):
        for row in range(5):
            for key in range(keys):
                assert found[head, row, key] == -slope * abs(first + row - key)


def test_logits_of_moved_queries_and_keys_are_the_same():
    query = torch.zeros(1, 2, 4, 4, dtype=torch.float64)
    here, moved = (scheme(2).logits(query, first, first + 4, None) for first in (0, 6))
    assert_close(here, moved[..., 6:])


@pytest.mark.parametrize("causal", [True, False])
def test_attention_equals_the_equation(causal):
    positions = scheme(3)
    query, key, value = (random_tensor(2, 3, 7, 4, seed=seed).requires_grad_() for seed in range(3))
    mask = torch.ones(7, 7, dtype=torch.bool).tril() if causal else None
    fast = attention(query, key, value, mask, 0.0, positions)
    slow = naive.alibi_attention(query, key, value, naive.distances(7), mask)
    assert_same_values_and_gradients(fast, slow, [query, key, value])


def test_nothing_is_learned_and_nothing_is_saved():
    assert list(scheme(3).parameters()) == [] and scheme(3).state_dict() == {}

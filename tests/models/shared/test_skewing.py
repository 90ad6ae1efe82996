import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from models.shared.skewing import skew, skewed_logits
from tests.models import naive
from tests.models.comparison import random_tensor


@given(
    leading=st.lists(st.integers(1, 3), max_size=2),
    queries=st.integers(1, 12),
    more=st.integers(0, 12),
    seed=st.integers(0, 1000),
)
def test_skewing_puts_each_distance_where_query_minus_key_is_that_distance(
    leading, queries, more, seed
):
    distances = queries + more
    products = random_tensor(*leading, queries, distances, seed=seed)
    skewed = skew(products)
    for query in range(queries):
        for key in range(query + more + 1):
            # column 0 holds the distance of the last query to the first key
            column_of_distance = (queries - 1) - (query - key)
            expected = products[..., query, column_of_distance]
            assert torch.equal(skewed[..., query, key], expected)


@given(
    queries=st.integers(1, 6),
    first=st.integers(0, 6),
    behind=st.integers(0, 9),
    ahead=st.integers(0, 9),
    seed=st.integers(0, 1000),
)
def test_skewed_logits_are_the_products_with_the_vectors_of_the_distances(
    queries, first, behind, ahead, seed
):
    keys = first + queries + (3 if ahead else 0)
    query = random_tensor(2, 3, queries, 4, seed=seed)
    vectors = random_tensor(3, ahead + 1 + behind, 4, seed=seed + 1)
    found = skewed_logits(query, vectors, ahead, first, keys)
    distance = naive.distances(keys)[first : first + queries]
    gathered = vectors[:, distance.clamp(-ahead, behind) + ahead]
    expected = torch.einsum("bhid,hijd->bhij", query, gathered)
    seen = distance >= 0 if ahead == 0 else distance == distance  # causal without vectors ahead
    assert_close(found[..., seen], expected[..., seen])


@pytest.mark.parametrize("ahead", [0, 3])
def test_a_block_of_queries_has_its_rows_of_all(ahead):
    vectors, query = random_tensor(3, ahead + 4, 4, seed=1), random_tensor(2, 3, 9, 4)
    everything = skewed_logits(query, vectors, ahead, 0, 9)
    keys = 6 if ahead == 0 else 9
    rows = skewed_logits(query[:, :, 2:6], vectors, ahead, 2, keys)
    seen = torch.ones(4, keys, dtype=torch.bool).tril(2 if ahead == 0 else keys)
    assert_close(rows[..., seen], everything[:, :, 2:6, :keys][..., seen])

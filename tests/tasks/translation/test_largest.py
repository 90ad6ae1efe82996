import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.translation.decoding.largest import largest


@given(data=st.data(), rows=st.integers(1, 4), many=st.integers(1, 300), seed=st.integers(0, 99))
def test_the_largest_are_those_of_topk(data, rows, many, seed):
    count = data.draw(st.integers(1, min(many, 12)))
    random = torch.Generator().manual_seed(seed)
    values = torch.stack([torch.randperm(many, generator=random) for _ in range(rows)]).double()
    expected, expected_indexes = values.topk(count)
    found, indexes = largest(values, count)
    assert torch.equal(found, expected)
    assert torch.equal(indexes, expected_indexes)


def test_where_too_few_are_finite_the_rest_are_indexes_all_the_same():
    """Also where the last chunk is filled up."""
    values = torch.full((2, 33), -torch.inf)
    values[:, 16] = 1.0
    found, indexes = largest(values, 8)
    assert found.tolist() == [[1.0] + [-torch.inf] * 7] * 2
    assert indexes[:, 0].tolist() == [16, 16]
    assert ((indexes >= 0) & (indexes < 33)).all()

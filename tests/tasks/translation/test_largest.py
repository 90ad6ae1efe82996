import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from pipeline.tasks.translation.decoding.largest import largest, log_sum_exp


@given(
    data=st.data(),
    groups=st.integers(1, 4),
    rows=st.integers(1, 4),
    outputs=st.integers(1, 120),
    seed=st.integers(0, 99),
)
def test_the_largest_are_those_of_topk(data, groups, rows, outputs, seed):
    count = data.draw(st.integers(1, min(rows * outputs, 12)))
    random = torch.Generator().manual_seed(seed)
    many = rows * outputs
    sums = torch.stack([torch.randperm(many, generator=random) for _ in range(groups)])
    scores = torch.randint(-20, 20, (groups, rows), generator=random).double()
    logits = sums.view(groups, rows, outputs) - scores[:, :, None]
    found, row, output = largest(scores, logits, count)
    expected, indexes = sums.double().topk(count)
    assert torch.equal(found, expected)
    assert torch.equal(row * outputs + output, indexes)


def test_where_too_few_are_finite_the_rest_are_indexes_all_the_same():
    """Also where the last chunk is filled up."""
    logits = torch.full((2, 1, 33), -torch.inf)
    logits[:, :, 16] = 1.0
    found, row, output = largest(torch.zeros(2, 1), logits, 8)
    assert found.tolist() == [[1.0] + [-torch.inf] * 7] * 2
    assert output[:, 0].tolist() == [16, 16]
    assert (row == 0).all() and ((output >= 0) & (output < 33)).all()


def test_log_sum_exp_is_that_of_torch_also_where_exponentials_leave_the_range():
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 50, generator=random)
    for shift in (0.0, 70.0, 200.0, -70.0, -200.0):
        shifted = logits + torch.tensor([0.0, shift, 0.0])[:, None]
        assert_close(log_sum_exp(shifted), shifted.logsumexp(dim=-1), rtol=1e-6, atol=1e-6)

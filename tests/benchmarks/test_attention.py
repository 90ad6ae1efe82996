import pytest
import torch
from torch.testing import assert_close

from benchmarks.attention import D_HEAD, HEADS, form


@pytest.mark.parametrize(
    ("one", "other"),
    [("Shaw", "Shaw by gather"), ("skewed", "skewed, blockwise"), ("full", "local")],
)
def test_forms_that_are_compared_compute_the_same(one, other):
    """Local attention has one block here, which is full attention."""
    attended = []
    for name in (one, other):
        torch.manual_seed(0)
        attended.append(form(name, 150)(*torch.randn(3, 1, HEADS, 150, D_HEAD)))
    assert_close(*attended, atol=1e-5, rtol=1e-5)

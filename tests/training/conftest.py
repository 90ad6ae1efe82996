"""A training switches deterministic algorithms on; other tests know nothing of them."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _usual_algorithms():
    yield
    torch.use_deterministic_algorithms(False)

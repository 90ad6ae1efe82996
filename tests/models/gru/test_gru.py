"""Layers of gated recurrent units; tests/models/lstm compares networks with the equations."""

import pytest
import torch
from torch.testing import assert_close

from models.gru.layers import Gru


def test_the_update_gate_starts_open():
    """Alone of all gates: an input of zeros keeps sigmoid(1) of a state that adds nothing."""
    layer = Gru(3, 5)
    assert torch.count_nonzero(layer.bias_ih_l0 + layer.bias_hh_l0) == 5
    torch.nn.init.zeros_(layer.weight_hh_l0)
    _, (hidden,) = layer(torch.zeros(1, 1, 3), (torch.ones(1, 1, 5),))
    assert hidden.flatten().tolist() == pytest.approx([torch.tensor(1.0).sigmoid().item()] * 5)


def test_recurrent_matrices_start_orthogonal_in_each_gate():
    for gate in Gru(3, 5).weight_hh_l0.chunk(3):
        assert_close(gate @ gate.T, torch.eye(5))


def test_a_sequence_may_be_read_in_two_parts():
    layer, inputs = Gru(3, 5), torch.randn(2, 7, 3)
    whole, (last,) = layer(inputs)
    first, state = layer(inputs[:, :4])
    second, (end,) = layer(inputs[:, 4:], state)
    assert_close(torch.cat((first, second), dim=1), whole)
    assert_close(end, last)

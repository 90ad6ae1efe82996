"""Messages, updates and readouts against loops over pairs of nodes, and towers one by one."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from models.ggnn.readouts import GatedSum, Set2Set
from models.ggnn.towers import GatedUpdate
from models.shared.base import PADDING
from tests.models import graphs
from tests.models.baselines import GATED_SUM, GGNN, SET2SET, changed, network
from tests.models.comparison import assert_same_values_and_gradients, random_tensor

every_count = pytest.mark.parametrize("towers", [1, 2, 4])


def _messages(model: nn.Module, hidden: Tensor, labels: Tensor) -> Tensor:
    """Gilmer et al. 2017, eq. 1 with A_label h_w, pair by pair; hidden (node, d_model)."""
    width = hidden.shape[1] // model.settings.towers
    received = [[torch.zeros(width).double()] * model.settings.towers for _ in hidden]
    for v, w in product(range(len(hidden)), repeat=2):
        if v == w or labels[v, w] == PADDING:
            continue
        for tower, part in enumerate(hidden[w].split(width)):
            matrices = model.messages.matrices.weight[tower].split(width, dim=1)
            received[v][tower] = received[v][tower] + part @ matrices[labels[v, w] - 1]
    return torch.stack([torch.cat(parts) for parts in received])


def _cells(update: GatedUpdate) -> list[nn.GRUCell]:
    """The cell of each tower as one of PyTorch."""
    cells = []
    for tower in range(len(update.of_hidden.weight)):
        width = update.of_hidden.weight.shape[1]
        cell = nn.GRUCell(width, width).double()
        cell.weight_ih.data = update.of_messages.weight[tower].T
        cell.weight_hh.data = update.of_hidden.weight[tower].T
        cell.bias_ih.data = update.of_messages.bias[tower]
        cell.bias_hh.data = update.of_hidden.bias[tower]
        cells.append(cell)
    return cells


def _naive_states(model: nn.Module, nodes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The last and the first states (node, d_model) of one graph, tower by tower."""
    width = model.settings.d_model // model.settings.towers
    first = hidden = model.nodes(nodes)
    for _ in range(model.settings.num_steps):
        received = _messages(model, hidden, labels).split(width, dim=1)
        parts = zip(_cells(model.update), received, hidden.split(width, dim=1), strict=True)
        hidden = torch.cat([cell(message, part) for cell, message, part in parts], dim=1)
        if model.settings.towers > 1:
            hidden = hidden @ model.mix.weight.T + model.mix.bias
    return hidden, first


def _naive_gated_sum(readout: GatedSum, last: Tensor, first: Tensor) -> Tensor:
    total = torch.zeros(last.shape[1]).double()
    for h_t, h_0 in zip(last, first, strict=True):
        total = total + torch.sigmoid(readout.i(torch.cat((h_t, h_0)))) * readout.j(h_t)
    return total


def _naive_set2set(readout: Set2Set, last: Tensor, first: Tensor) -> Tensor:
    """Vinyals et al. 2016, eqs. 3 to 7, node by node; nn.LSTMCell without an input is the LSTM."""
    memory = [readout.memory(torch.cat(pair)) for pair in zip(last, first, strict=True)]
    width = last.shape[1]
    query, found, cell = (torch.zeros(width).double() for _ in range(3))
    for _ in range(readout.steps):
        lstm = nn.LSTMCell(width, width, dtype=torch.float64)
        lstm.weight_hh.data, lstm.weight_ih.data = readout.gates.weight.split(width, dim=1)
        lstm.bias_hh.data, lstm.bias_ih.data = readout.gates.bias, 0.0 * readout.gates.bias
        query, cell = lstm(found, (query, cell))
        alphas = torch.stack([query @ each for each in memory]).softmax(dim=0)
        found = sum(alpha * each for alpha, each in zip(alphas, memory, strict=True))
    return torch.relu(readout.output(torch.cat((query, found))))


@every_count
@pytest.mark.parametrize("readout", [GATED_SUM, SET2SET], ids=lambda each: each.kind)
@torch.no_grad()
def test_a_network_equals_a_loop_over_pairs_of_nodes(towers, readout):
    model = network(changed(GGNN, towers=towers, readout=readout))
    single = [graphs.graph(size, seed=size) for size in (5, 1, 6)]
    naive = _naive_gated_sum if readout is GATED_SUM else _naive_set2set
    expected = [naive(model.readout, *_naive_states(model, *each)) for each in single]
    assert_close(model(*graphs.padded(single)), torch.stack(expected), rtol=1e-10, atol=1e-10)


def test_one_tower_is_a_network_without_towers():
    """Whole matrices, one cell of PyTorch, and nothing to mix."""
    model, (nodes, labels) = network(changed(GGNN, towers=1)), graphs.graph(5)
    (matrices,), (cell,) = model.messages.matrices.weight, _cells(model.update)
    by_label = torch.cat((torch.zeros(1, 8, 8).double(), torch.stack(matrices.split(8, dim=1))))
    hidden = model.nodes(nodes)
    for _ in range(3):
        sent = torch.einsum("wi,vwij->vwj", hidden, by_label[labels])
        hidden = cell(sent.sum(dim=1) - sent.diagonal().T, hidden)
    expected = _naive_gated_sum(model.readout, hidden, model.nodes(nodes))
    assert_same_values_and_gradients(
        model(nodes[None], labels[None])[0],
        expected,
        [model.messages.matrices.weight, model.nodes.weight],
    )


@every_count
def test_towers_know_nothing_of_each_other_until_they_are_mixed(towers):
    model, width = network(changed(GGNN, towers=towers)), 8 // towers
    states = random_tensor(towers, 1, 4, width).requires_grad_()
    edges = random_tensor(towers, 1, 4, 4 * model.messages.labels, seed=1)
    after = model.update(model.messages(states, edges), states)
    (gradient,) = torch.autograd.grad(after[0].sum(), states)
    assert (gradient[0] != 0.0).all() and not gradient[1:].any()


def test_a_node_sends_nothing_to_itself():
    model, (nodes, labels) = network(GGNN), graphs.graph(5)
    other = labels.clone()
    other.fill_diagonal_(1)
    assert not torch.equal(other, labels)
    assert torch.equal(model(nodes[None], other[None]), model(nodes[None], labels[None]))


@every_count
def test_towers_have_a_part_of_the_matrices(towers):
    model = network(changed(GGNN, towers=towers))
    assert model.messages.matrices.weight.numel() == 5 * 8 * 8 // towers

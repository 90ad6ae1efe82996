"""What every network of graphs keeps, whatever it is made of."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from models.build import build
from models.shared.base import Model
from pipeline.training.batches import Batch
from pipeline.training.loss import MeanNats
from tests.models import graphs
from tests.models.architectures import GRAPHS
from tests.models.baselines import GGNN, changed, network
from tests.models.comparison import random_tensor
from tests.models.networks import GRAPH, encoder

every_network = pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
TARGETS = random_tensor(3, 1)


def _close(found: Tensor, expected: Tensor) -> None:
    assert_close(found, expected, rtol=1e-10, atol=1e-10)


@every_network
@torch.no_grad()
def test_a_permutation_of_the_nodes_changes_nothing(make):
    model, (nodes, edges) = make(), graphs.graph(7)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
    permuted = edges[order][:, order]
    assert not torch.equal(permuted, edges)
    _close(model(nodes[order][None], permuted[None]), model(nodes[None], edges[None]))


@every_network
@torch.no_grad()
def test_padding_and_other_graphs_of_the_batch_change_nothing(make):
    model = make()
    single = [graphs.graph(size, seed=size) for size in (5, 1, 7)]
    together = model(*graphs.padded(single, longest=11))
    _close(together, torch.cat([model(*graphs.padded([each])) for each in single]))


@every_network
@torch.no_grad()
def test_every_node_and_the_label_of_an_edge_change_the_prediction(make):
    """But for edges where they are not looked at."""
    model, (nodes, edges) = make(), graphs.graph(4)
    before = model(nodes[None], edges[None])
    for node in range(4):
        other = nodes.clone()
        other[node] = nodes[node] % (GRAPH.inputs - 1) + 1
        assert not torch.allclose(model(other[None], edges[None]), before)
    other = edges.clone()
    other[0, 3] = 3 if edges[0, 3] != 3 else 2
    same = torch.equal(model(nodes[None], other[None]), before)
    assert same is (make is GRAPHS["encoder_unlabelled"])


@every_network
def test_the_loss_is_the_absolute_error_and_a_constant(make):
    model, (nodes, edges) = make(), graphs.batch()
    hidden = model(nodes, edges)
    assert hidden.shape == (3, 8)
    predicted = hidden @ model.head.output_projection.weight.T + model.head.output_projection.bias
    nats = model.nats(nodes, TARGETS, edges)
    _close(nats, (predicted - TARGETS).abs() + math.log(2.0))
    _close(MeanNats(model, 0.0)(nodes, TARGETS, edges), nats.mean())


@every_network
def test_every_weight_takes_part(make):
    """All but the rows of padding, and of labels that are not there, have a gradient."""
    model = make()
    model.nats(*_one_batch()).sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0.0, name


def _one_batch() -> tuple[Tensor, Tensor, Tensor]:
    nodes, edges = graphs.batch((6, 9, 7))
    return nodes, TARGETS, edges


@every_network
@torch.no_grad()
def test_a_network_of_single_precision_agrees_with_double(make):
    model, (nodes, edges) = make(), graphs.batch()
    double = model.head.location(model(nodes, edges))
    single = model.float().head.location(model(nodes, edges))
    assert_close(single.double(), double, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "make", [lambda: encoder(dropout=0.5), lambda: network(changed(GGNN, dropout=0.5))]
)
def test_dropout_acts_in_training_alone(make):
    model = make()
    assert not torch.equal(model.train().nats(*_one_batch()), model.nats(*_one_batch()))
    assert torch.equal(model.eval().nats(*_one_batch()), model.nats(*_one_batch()))


def _fitted(model: Model, updates: int) -> float:
    """The mean absolute error after Adam, with a falling rate, has fitted five random graphs."""
    nodes, edges = graphs.batch((3, 4, 5, 6, 7))
    targets = random_tensor(5, 1).float()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = 0.01 * (1.0 - update / updates)
        optimizer.zero_grad()
        loss = MeanNats(model, 0.0)(nodes, targets, edges)
        loss.backward()
        optimizer.step()
    return loss.item() - math.log(2.0)


def _fresh(name: str) -> Model:
    settings = GRAPHS[name]().settings
    torch.manual_seed(0)
    return build(settings, GRAPH)


# Without labels three of the five differ in the count of one kind of node alone.
@pytest.mark.parametrize("name", [name for name in GRAPHS if name != "encoder_unlabelled"])
def test_a_handful_of_graphs_is_fitted(name):
    assert _fitted(_fresh(name), 1) > 0.5
    assert _fitted(_fresh(name), 200) < 0.05


@pytest.mark.parametrize("name", GRAPHS)
def test_the_same_seed_gives_the_same_bytes(name):
    one, two = _fresh(name), _fresh(name)
    for model in (one, two):
        _fitted(model, 3)
    for mine, theirs in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@every_network
def test_without_attention_there_are_no_internals(make):
    model, (nodes, edges) = make(), graphs.batch()
    attends = model.settings.architecture == "transformer"
    assert (model.internals(nodes, edges) is not None) is attends


def test_a_batch_counts_pairs_as_its_padding():
    nodes, edges = graphs.batch((2, 3))
    batch = Batch(nodes, random_tensor(2, 1).float(), edges)
    assert (batch.target_count, batch.padding) == (2, (5, 2 + 18))

"""The encoder of graphs: self-attention is message passing between nodes with labelled edges."""

import pytest
import torch
from torch.testing import assert_close

from models.shared.base import PADDING
from models.transformer.attention import merge_heads, split_heads
from tests.models import graphs, naive
from tests.models.comparison import random_tensor
from tests.models.networks import (
    ALONG_EDGES,
    BLOCKWISE,
    EDGES,
    ENCODERS,
    FULL,
    GRAPH,
    NONE,
    encoder,
)

patterns = pytest.mark.parametrize(
    "attention", [FULL, BLOCKWISE, ALONG_EDGES], ids=["dense", "blockwise", "edges"]
)


def _mask(attention, inputs, labels) -> torch.Tensor:
    """What each node attends to, (batch, query, key), by definition."""
    mask = (inputs != PADDING)[:, None, :].expand_as(labels)
    if attention is not ALONG_EDGES:
        return mask
    mask = mask & ((labels == 1) | (labels == 3))
    for of_graph in mask:
        for node, keys in enumerate(of_graph):
            if not keys.any():
                keys[node] = True
    return mask


def _vectors(positions) -> tuple[torch.Tensor, torch.Tensor]:
    """Those of keys and values, zero without labels."""
    if positions is None:
        return (torch.zeros(2, 6, 4).double(),) * 2
    return positions.key_vectors, positions.value_vectors


@patterns
@pytest.mark.parametrize("positions", [NONE, EDGES], ids=lambda each: each.kind)
def test_self_attention_is_message_passing(positions, attention):
    layer = encoder(positions, attention).layers[0].attention
    inputs, labels = graphs.batch((6, 1, 4))
    vectors = random_tensor(3, 6, 8)
    projected = layer.in_proj(vectors).chunk(3, dim=-1)
    query, key, value = (split_heads(part, layer.num_heads) for part in projected)
    mask = _mask(attention, inputs, labels)
    received = naive.messages(query, key, value, *_vectors(layer.positions), labels, mask)
    padding = (inputs != PADDING)[:, None, None, :]
    expected = layer.out_proj(merge_heads(received))
    assert_close(layer(vectors, padding, labels), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("positions", "attention", "norm"), ENCODERS)
def test_the_weights_of_an_encoder_are_those_of_its_pattern(positions, attention, norm):
    model = encoder(positions, attention, norm)
    inputs, labels = graphs.batch()
    internals = model.internals(inputs, labels)
    assert internals.decoder_attention == internals.cross_attention == []
    assert len(internals.encoder_attention) == 2
    mask = _mask(attention, inputs, labels)[:, None].expand(-1, 2, -1, -1)
    for weights in internals.encoder_attention:
        assert_close(weights.sum(dim=-1), torch.ones(3, 2, 7).double())
        assert torch.equal(weights > 0.0, mask)


def test_a_node_without_an_edge_of_the_labels_attends_to_itself_alone():
    model = encoder(NONE, ALONG_EDGES)
    labels = torch.full((1, 3, 3), 2)
    labels[0, 0, 2] = 3
    (weights, _) = model.internals(torch.tensor([[1, 2, 3]]), labels).encoder_attention
    expected = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).double()
    assert_close(weights[0], expected.expand(2, -1, -1))


def test_without_labels_the_edges_change_nothing_and_with_them_each_does():
    inputs, labels = graphs.graph(4)
    other = labels.clone()
    other[1, 2] = labels[1, 2] % (GRAPH.layout.labels - 1) + 1
    for positions, changes in ((NONE, False), (EDGES, True)):
        model = encoder(positions)
        one, two = (model(inputs[None], each[None]) for each in (labels, other))
        assert torch.equal(one, two) is not changes

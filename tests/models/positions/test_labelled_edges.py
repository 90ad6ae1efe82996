import torch
from torch.testing import assert_close

from models.settings import Backend
from models.transformer.attention import attention
from models.transformer.patterns import Full, Heads
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, ids, random_tensor
from tests.models.schemes import labelled_edges

NODES, LABELS = 6, 4


def _heads() -> list[torch.Tensor]:
    return [random_tensor(2, 3, NODES, 4, seed=seed).requires_grad_() for seed in range(3)]


def test_attention_equals_a_loop_over_messages():
    heads, positions = _heads(), labelled_edges(LABELS)
    labels = ids(0, LABELS, 2, NODES, NODES)
    mask = ids(0, 2, 2, NODES, NODES, seed=1).bool() | torch.eye(NODES, dtype=torch.bool)
    fast = attention(*heads, mask[:, None], 0.0, positions, 0, labels)
    tables = positions.key_vectors, positions.value_vectors
    slow = naive.messages(*heads, *tables, labels, mask)
    assert_same_values_and_gradients(fast, slow, [*heads, *positions.parameters()])


def test_a_label_is_that_from_the_query_to_the_key():
    positions = labelled_edges(LABELS, heads=1, d_head=2)
    query = torch.ones(1, 1, 2, 2, dtype=torch.float64)
    logits = positions.logits(query, 0, 2, torch.tensor([[[0, 1], [2, 3]]]))
    assert_close(logits[0, 0].flatten(), positions.key_vectors[0].sum(dim=-1))
    values = positions.values(
        torch.eye(2).double()[None, None], 0, torch.tensor([[[1, 0], [0, 2]]])
    )
    assert_close(values[0, 0], positions.value_vectors[0, 1:3])


def test_blocks_of_queries_have_their_own_labels(monkeypatch):
    heads, positions = _heads(), labelled_edges(LABELS)
    labels = ids(0, LABELS, 2, NODES, NODES)
    of_graph = Heads(*heads, ids=labels)
    dense = Full(Backend.DENSE, causal=False).attention(of_graph, positions, 0.0)
    monkeypatch.setattr("models.transformer.patterns.QUERY_BLOCK", 4)
    blockwise = Full(Backend.BLOCKWISE, causal=False).attention(of_graph, positions, 0.0)
    assert_same_values_and_gradients(blockwise, dense, [*heads, *positions.parameters()])


def test_with_one_label_all_nodes_are_related_alike():
    """The vector of keys adds the same to all logits of a query, that of values to all outputs."""
    heads, positions = _heads(), labelled_edges(1)
    labels = torch.zeros(2, NODES, NODES, dtype=torch.long)
    related = attention(*heads, None, 0.0, positions, 0, labels)
    plain = attention(*heads, None, 0.0)
    assert_close(related, plain + positions.value_vectors)

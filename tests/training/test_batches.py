import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.shared.heads import IGNORED
from pipeline.training.batches import Batch, Epochs, pad, shifted


@given(count=st.integers(1, 40), size=st.integers(1, 50), seed=st.integers(0, 99))
def test_an_epoch_deals_no_index_twice_and_leaves_less_than_a_batch(count, size, seed):
    epochs = Epochs(count, size, seed)
    size = min(size, count)
    steps = count // size
    for epoch in range(2):
        first = 1 + epoch * steps
        dealt = np.concatenate([epochs.indexes(first + turn) for turn in range(steps)])
        assert len(dealt) == len(set(dealt)) == steps * size
        assert set(dealt) <= set(range(count))


def test_indexes_are_a_function_of_seed_and_step():
    forward = [Epochs(100, 7, seed=1).indexes(step).tolist() for step in range(1, 40)]
    epochs = Epochs(100, 7, seed=1)
    backward = [epochs.indexes(step).tolist() for step in range(39, 0, -1)]
    assert forward == backward[::-1]
    assert forward != [Epochs(100, 7, seed=2).indexes(step).tolist() for step in range(1, 40)]
    assert forward[:14] != forward[14:28]  # a new order in every epoch


def test_rows_are_padded_at_the_end():
    padded = pad([np.array([1, 2]), np.array([], dtype=np.int16), np.array([3, 4, 5])], 9)
    assert padded.tolist() == [[1, 2, 9], [9, 9, 9], [3, 4, 5]]
    assert padded.dtype == torch.long


def test_each_id_but_the_first_is_predicted_from_those_before_it():
    batch = shifted([np.array([7, 1, 2, 3]), np.array([7, 4])])
    assert batch.inputs[0].tolist() == [7, 1, 2]
    assert batch.targets[0].tolist() == [1, 2, 3]
    assert batch.inputs[1, 0] == 7
    assert batch.targets[1].tolist() == [4, IGNORED, IGNORED]


def test_rows_of_a_batch_keep_their_source():
    ids = torch.arange(12).view(4, 3)
    odd = Batch(ids, ids + 20, ids + 40).rows(slice(1, None, 2))
    assert torch.equal(odd.inputs, ids[[1, 3]])
    assert torch.equal(odd.targets, ids[[1, 3]] + 20)
    assert torch.equal(odd.source, ids[[1, 3]] + 40)
    assert Batch(ids, ids).rows(slice(1)).source is None


def test_without_a_source_padding_is_that_of_the_targets():
    batch = shifted([np.array([7, 1, 0, 3]), np.array([7, 4])])  # 0 is padding in a source only
    assert batch.padding == (2, 6)
    assert batch.target_count == 4


@pytest.mark.parametrize("source", [None, torch.tensor([[1]])])
def test_a_batch_keeps_its_parts_on_the_way_to_a_device(source):
    batch = Batch(torch.tensor([[1]]), torch.tensor([[2]]), source).to("cpu")
    assert (batch.inputs.item(), batch.targets.item()) == (1, 2)
    assert batch.source is source

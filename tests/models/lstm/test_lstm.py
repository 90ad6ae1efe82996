import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from models.lstm.layers import Lstm
from models.shared.base import PADDING
from models.shared.recurrent import Past, mirrored
from models.shared.recurrent_encoder_decoder import AdditiveAttention
from tests.models import naive_baselines as naive
from tests.models.baselines import GRU, GRU_TRANSLATOR, LSTM, LSTM_TRANSLATOR, changed, network
from tests.models.comparison import all_logits, assert_same_values_and_gradients, random_tensor
from tests.models.networks import TEXT


@pytest.mark.parametrize("translator", [LSTM_TRANSLATOR, GRU_TRANSLATOR], ids=["lstm", "gru"])
@settings(max_examples=10)
@given(data=st.data(), num_layers=st.integers(2, 4), seed=st.integers(0, 1000))
def test_the_encoder_decoder_equals_the_equations(translator, data, num_layers, seed):
    """Sentence by sentence, in a batch of sentences of different lengths."""
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    target = data.draw(st.integers(1, 5))
    model = network(changed(translator, num_layers=num_layers), seed=seed)
    source = torch.full((len(lengths), max(lengths)), PADDING)
    for row, length in enumerate(lengths):
        source[row, :length] = torch.randint(1, TEXT.inputs, (length,))
    inputs = torch.randint(0, TEXT.inputs, (len(lengths), target))
    expected = torch.stack(
        [
            naive.recurrent_encoder_decoder(model, inputs[row], source[row, :length])
            for row, length in enumerate(lengths)
        ]
    )
    assert_same_values_and_gradients(all_logits(model, inputs, source), expected, model)


@pytest.mark.parametrize("decoder", [LSTM, GRU], ids=["lstm", "gru"])
@settings(max_examples=10)
@given(length=st.integers(1, 8), num_layers=st.integers(1, 3), seed=st.integers(0, 1000))
def test_the_language_model_equals_the_equations(decoder, length, num_layers, seed):
    model = network(changed(decoder, num_layers=num_layers), seed=seed)
    inputs = torch.randint(0, model.shape.inputs, (2, length))
    expected = torch.stack([naive.recurrent_decoder(model, row) for row in inputs])
    assert_same_values_and_gradients(all_logits(model, inputs), expected, model)


def test_a_row_is_mirrored_up_to_its_last_token():
    positions = mirrored(torch.tensor([4, 2, 1]), 4)
    assert positions.tolist() == [[3, 2, 1, 0], [1, 0, 2, 3], [0, 1, 2, 3]]
    assert torch.equal(positions.gather(1, positions), torch.arange(4).expand(3, 4))


def test_the_forget_gate_starts_open():
    """Alone of all gates: an input of zeros keeps sigmoid(1) of the cell."""
    layer = Lstm(3, 5)
    assert torch.count_nonzero(layer.bias_ih_l0 + layer.bias_hh_l0) == 5
    state = (torch.zeros(1, 1, 5), torch.ones(1, 1, 5))
    _, (_, cell) = layer(torch.zeros(1, 1, 3), state)
    assert cell.flatten().tolist() == pytest.approx([torch.tensor(1.0).sigmoid().item()] * 5)


def test_recurrent_matrices_start_orthogonal_in_each_gate():
    for gate in Lstm(3, 5).weight_hh_l0.chunk(4):
        assert_close(gate @ gate.T, torch.eye(5))


def test_a_layer_above_the_first_adds_to_its_input():
    """With weights of zero the layers above the first add nothing, and all of it is in the sum."""
    model = network(LSTM_TRANSLATOR)
    source, inputs = torch.randint(1, 9, (1, 4)), torch.randint(0, 9, (1, 3))
    for layer in [*model.encoder, *model.decoder]:
        for weight in layer.parameters():
            torch.nn.init.zeros_(weight)
    first, _ = model.first(model.tokens.weight[inputs] * 8**0.5)
    assert_close(model(inputs, source), first)


def test_the_past_begins_with_zeros_of_its_own_for_each_layer():
    (hidden, cell), (other, _) = Past.empty(Lstm, 2, 3, torch.ones(9, 5)).layers
    assert torch.equal(hidden, torch.zeros(1, 3, 5)) and torch.equal(cell, hidden)
    assert other is not hidden


def test_rows_that_share_a_source_share_its_memory():
    torch.manual_seed(0)
    attention = AdditiveAttention(8).double()
    query, encoded = random_tensor(6, 3, 8), random_tensor(2, 5, 8, seed=1)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    rows = torch.tensor([0, 0, 0, 1, 1, 1])
    expected = attention(query, attention.memory(encoded[rows], mask[rows]))
    assert_close(attention(query, attention.memory(encoded, mask)), expected)

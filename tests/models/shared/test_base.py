"""What every network offers, whatever it is made of."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from models.settings import Structure
from models.shared.base import PADDING, AutoregressiveModel, State
from models.shared.heads import IGNORED
from tests.models import naive
from tests.models.architectures import AUTOREGRESSIVE, WITH_SOURCE, WITHOUT_SOURCE, sequence, source
from tests.models.baselines import CONVS2S, LSTM, LSTM_TRANSLATOR, PIXELCNN, changed, network
from tests.models.comparison import (
    all_logits,
    assert_reordered_steps_equal_forward,
    assert_steps_equal_forward,
    stepped_logits,
)
from tests.models.networks import COLOUR, SKEWED, decoder, encoder_decoder

every_network = pytest.mark.parametrize("make", AUTOREGRESSIVE.values(), ids=AUTOREGRESSIVE)
with_source = pytest.mark.parametrize("make", WITH_SOURCE.values(), ids=WITH_SOURCE)
without_source = pytest.mark.parametrize("make", WITHOUT_SOURCE.values(), ids=WITHOUT_SOURCE)


def _source(model: AutoregressiveModel, batch: int) -> Tensor | None:
    return source(model, batch) if model.settings.structure is Structure.ENCODER_DECODER else None


def _other(ids: Tensor, position: int, count: int) -> Tensor:
    """The same ids (batch, length) but for another one at `position`; 0 only where it was."""
    changed = ids.clone()
    changed[:, position] = ids[:, position] % (count - 1) + 1
    return changed


@every_network
def test_one_position_at_a_time_equals_all_at_once(make):
    model = make()
    assert_steps_equal_forward(model, sequence(model, 2)[:, :-1], _source(model, 2))


@without_source
@pytest.mark.parametrize("length", [1, 6, 7, 8])
def test_a_beginning_is_predicted_as_in_the_whole_sequence(make, length):
    model = make()
    ids = sequence(model, 2)
    inputs, targets = ids[:, :-1], ids[:, 1:]
    assert_steps_equal_forward(model, inputs[:, :length])
    with torch.no_grad():
        whole, beginning = all_logits(model, inputs), all_logits(model, inputs[:, :length])
        nats = model.nats(inputs[:, :length], targets[:, :length])
        assert_close(nats, model.nats(inputs, targets)[:, :length], rtol=1e-10, atol=1e-10)
    assert_close(beginning, whole[:, :length], rtol=1e-10, atol=1e-10)


@with_source
def test_the_copies_of_a_source_are_consecutive_rows(make):
    model = make()
    assert_steps_equal_forward(model, sequence(model, 6)[:, :-1], source(model, 2))


@every_network
def test_nats_are_the_negative_log_softmax_of_the_targets(make):
    model = make()
    ids = sequence(model, 2)
    inputs, targets, given = ids[:, :-1], ids[:, 1:].clone(), _source(model, 2)
    log_probs = all_logits(model, inputs, given).log_softmax(dim=-1)
    expected = -log_probs.gather(-1, targets[..., None]).squeeze(-1)
    assert_close(model.nats(inputs, targets, given), expected, rtol=1e-10, atol=1e-10)
    targets[0, 2] = targets[1, -3:] = IGNORED
    nats = model.nats(inputs, targets, given)
    assert torch.equal(nats == 0.0, targets == IGNORED)
    assert_close(nats[targets != IGNORED], expected[targets != IGNORED], rtol=1e-10, atol=1e-10)


def test_the_nats_of_a_sentence_add_up_to_its_log_probability():
    model = encoder_decoder()
    source, ids = torch.tensor([1, 5, 3]), [4, 6, 3]
    nats = model.nats(torch.tensor([[2, 4, 6]]), torch.tensor([ids]), source[None])
    assert_close(-nats.sum().item(), naive.log_prob(model, source, 2, ids))


def test_probabilities_of_all_continuations_add_up_to_one():
    model = decoder(SKEWED)
    outputs = model.shape.outputs
    inputs = torch.tensor([[8, 1, 2]]).expand(outputs, -1)
    targets = torch.tensor([[1, 2, last] for last in range(outputs)])
    assert_close(model.nats(inputs, targets)[:, -1].neg().exp().sum().item(), 1.0)


@every_network
def test_the_state_is_of_one_type(make):
    model = make()
    given = _source(model, 2)
    state = model.init_state(given, 2 if given is None else 1, 5)
    assert type(state) is State
    assert (state.position, bool(state.memories)) == (0, given is not None)
    model.step(sequence(model, 2)[:, 0], state)
    assert state.position == 1


@without_source
@pytest.mark.parametrize("fed", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("rows", [[2, 0], [1, 1, 2], [2, 0, 2, 1]], ids=str)
def test_reordered_rows_go_on_as_if_they_had_been_the_batch(make, fed, rows):
    """Fewer rows, as many, and more; within a pixel and between two."""
    model = make()
    assert_reordered_steps_equal_forward(model, sequence(model, 3)[:, :-1], fed, torch.tensor(rows))


@with_source
@pytest.mark.parametrize(
    "rows",
    [
        [1, 1, 3, 2],  # within the sources
        [3, 2],  # the first source is dropped
        [0, 1],  # the last one
        [2, 3, 1, 0],  # the sources change places
        [3, 3, 2, 3, 0, 0],  # one of them is there twice
    ],
    ids=str,
)
def test_reordered_rows_go_on_with_their_sources(make, rows):
    model, rows = make(), torch.tensor(rows)
    ids, sources = sequence(model, 4)[:, :-1], source(model, 2)
    with torch.no_grad():
        state = model.init_state(sources, 2, ids.shape[1])
        stepped_logits(model, ids[:, :3], state)
        state.reorder(rows)
        later = ids[rows, 3:].flip(0)
        stepped = stepped_logits(model, later, state)
        reordered = torch.cat((ids[rows, :3], later), dim=1)
        expected = all_logits(model, reordered, sources[rows // 2])[:, 3:]
    assert_close(stepped, expected, rtol=1e-10, atol=1e-10)


@with_source
def test_memories_are_copied_only_where_the_sources_change(make):
    model = make()
    state = model.init_state(source(model, 2), 2, 5)
    before = state.memories
    state.reorder(torch.tensor([1, 0, 3, 3]))
    assert state.memories is before
    state.reorder(torch.tensor([2, 3, 0, 1]))
    assert all(
        torch.equal(after.key, memory.key.flip(0))
        for after, memory in zip(state.memories, before, strict=True)
    )


@with_source
def test_two_reorderings_in_a_row(make):
    """As in a beam search: within the sentences at first, then one of them is done."""
    model, within, dropped = make(), torch.tensor([1, 1, 3, 2]), torch.tensor([3, 2])
    ids, sources = sequence(model, 4)[:, :8], source(model, 2)
    with torch.no_grad():
        state = model.init_state(sources, 2, 8)
        stepped_logits(model, ids[:, :3], state)
        state.reorder(within)
        ids = torch.cat((ids[within, :3], ids[:, 3:]), dim=1)
        stepped_logits(model, ids[:, 3:4], state)
        state.reorder(dropped)
        ids = torch.cat((ids[dropped, :4], ids[:2, 4:]), dim=1)
        stepped = stepped_logits(model, ids[:, 4:], state)
        expected = all_logits(model, ids, sources[[1, 1]])[:, 4:]
    assert_close(stepped, expected, rtol=1e-10, atol=1e-10)


@every_network
def test_a_later_id_changes_no_earlier_prediction(make):
    model = make()
    inputs, given = sequence(model, 2)[:, :-1], _source(model, 2)
    with torch.no_grad():
        before = all_logits(model, inputs, given)
        for position in range(1, inputs.shape[1], 1 if inputs.shape[1] < 30 else 7):
            other = inputs.clone()
            other[:, position] = (inputs[:, position] + 1) % model.shape.outputs
            influence = (all_logits(model, other, given) - before).abs().amax(dim=(0, 2))
            assert torch.all(influence[:position] == 0.0)
            assert influence[position:].max() > 1e-6


@with_source
def test_every_source_id_changes_every_prediction(make):
    model = make()
    inputs, given = sequence(model, 1)[:, :-1], source(model, 2)[:1]
    with torch.no_grad():
        before = all_logits(model, inputs, given)
        for position in range(given.shape[1]):
            after = all_logits(model, inputs, _other(given, position, model.shape.inputs))
            assert (after - before).abs().amax(dim=(0, 2)).min() > 1e-9


@pytest.mark.parametrize("name", [name for name in WITH_SOURCE if name != "super_resolution"])
def test_padding_of_a_source_changes_nothing(name):
    model = WITH_SOURCE[name]()
    inputs, given = sequence(model, 1)[:, :-1], source(model, 2)[:1]
    padded = torch.cat((given, torch.full((1, 4), PADDING)), dim=1)
    with torch.no_grad():
        found, expected = all_logits(model, inputs, padded), all_logits(model, inputs, given)
    assert_close(found, expected, rtol=0, atol=1e-10)


@every_network
def test_every_weight_takes_part(make):
    """A weight without a gradient would neither learn nor be in a checkpoint of the optimizer."""
    model = make()
    ids = sequence(model, 2)
    model.nats(ids[:, :-1], ids[:, 1:], _source(model, 2)).sum().backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


@every_network
def test_a_network_of_single_precision_agrees_with_double(make):
    model = make()
    ids = sequence(model, 2)
    batch = ids[:, :-1], ids[:, 1:], _source(model, 2)
    with torch.no_grad():
        double = model.nats(*batch)
        assert_close(model.float().nats(*batch).double(), double, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [(LSTM_TRANSLATOR, None), (CONVS2S, None), (LSTM, None), (PIXELCNN, None), (PIXELCNN, COLOUR)],
)
def test_dropout_acts_in_training_alone(settings, shape):
    model = network(changed(settings, dropout=0.5), shape)
    ids = sequence(model, 2)
    batch = ids[:, :-1], ids[:, 1:], _source(model, 2)
    torch.manual_seed(0)
    assert not torch.equal(model.train().nats(*batch), model.nats(*batch))
    assert torch.equal(model.eval().nats(*batch), model.nats(*batch))


@pytest.mark.parametrize("settings", [LSTM_TRANSLATOR, CONVS2S, LSTM, PIXELCNN])
def test_a_network_without_attention_maps_has_no_internals(settings):
    model = network(settings)
    assert model.internals(sequence(model, 1)[:, :-1], _source(model, 1)) is None

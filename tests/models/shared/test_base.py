"""What every baseline offers, whatever it is made of."""

import pytest
import torch
from models.network import pixel_order
from torch.testing import assert_close

from models.settings import Architecture
from models.transformer import PADDING
from tests.models import naive
from tests.models.baselines import (
    ALL,
    CONV_TRANSLATOR,
    DECODERS,
    LSTM,
    LSTM_TRANSLATOR,
    PIXELCNN,
    TRANSLATORS,
    changed,
    network,
)
from tests.models.comparison import advanced, assert_reordered_goes_on, ids
from tests.models.networks import FULL, IMAGE, LOCAL_2D, TEXT, settings

LENGTH = IMAGE.height * IMAGE.width

every_baseline = pytest.mark.parametrize("settings", ALL, ids=lambda each: each.architecture)
translators = pytest.mark.parametrize("settings", TRANSLATORS.values(), ids=TRANSLATORS)
decoders = pytest.mark.parametrize("settings", DECODERS.values(), ids=DECODERS)


def _other(ids: torch.Tensor, position: int, count: int) -> torch.Tensor:
    """The same ids (batch, length) but for another one at `position`; 0 only where it was."""
    changed = ids.clone()
    changed[:, position] = ids[:, position] % (count - 1) + 1
    return changed


@torch.no_grad()
def _influence(model, inputs, position, *source) -> torch.Tensor:
    """How much another input at `position` changes each prediction, (target,)."""
    with torch.no_grad():
        before = model(inputs, *source)
        after = model(_other(inputs, position, model.shape.inputs), *source)
    return (before - after).abs().amax(dim=(0, 2))


@decoders
@pytest.mark.parametrize("length", [1, 6, 7, LENGTH])
def test_one_position_at_a_time_equals_all_at_once(settings, length):
    model = network(settings)
    inputs = ids(0, IMAGE.inputs, 2, length)
    expected = model(inputs).detach()
    assert expected.shape == (2, length, IMAGE.outputs)
    assert_close(advanced(model, inputs, model.begin(2, length)), expected, rtol=0, atol=1e-10)


@translators
def test_one_target_position_at_a_time_equals_all_at_once(settings):
    model = network(settings)
    source, inputs = ids(1, TEXT.inputs, 3, 5), ids(0, TEXT.inputs, 3, 7, seed=1)
    source[1, 3:] = PADDING
    stepped = advanced(model, inputs, model.begin(source, 1, 7))
    assert_close(stepped, model(inputs, source).detach(), rtol=0, atol=1e-10)


@translators
def test_the_copies_of_a_source_lie_side_by_side(settings):
    model = network(settings)
    source, inputs = ids(1, TEXT.inputs, 2, 5), ids(0, TEXT.inputs, 6, 4, seed=1)
    expected = model(inputs, source[[0, 0, 0, 1, 1, 1]]).detach()
    assert_close(advanced(model, inputs, model.begin(source, 3, 4)), expected)


@translators
def test_a_reordered_translation_goes_on_with_the_chosen_rows(settings):
    assert_reordered_goes_on(network(settings))


@decoders
@pytest.mark.parametrize("position", [5, 6, 7, 8])
def test_a_reordered_sequence_goes_on_with_the_chosen_rows(settings, position):
    model = network(settings)
    inputs, rows = ids(0, IMAGE.inputs, 3, LENGTH), torch.tensor([2, 0])
    state = model.begin(3, LENGTH)
    advanced(model, inputs[:, :position], state)
    state.reorder(rows, sentences_change=True)
    rest = advanced(model, inputs[rows, position:], state)
    assert_close(rest, model(inputs[rows])[:, position:].detach())


@decoders
def test_a_later_token_changes_no_earlier_prediction(settings):
    model, inputs = network(settings), ids(0, IMAGE.inputs, 2, LENGTH)
    for position in range(LENGTH):
        influence = _influence(model, inputs, position)
        assert torch.all(influence[:position] == 0.0)
        assert influence[position:].max() > 1e-6


@translators
def test_a_later_target_changes_no_earlier_prediction(settings):
    model = network(settings)
    source, inputs = ids(1, TEXT.inputs, 2, 5), ids(0, TEXT.inputs, 2, 6, seed=1)
    for position in range(6):
        influence = _influence(model, inputs, position, source)
        assert torch.all(influence[:position] == 0.0)
        assert influence[position] > 1e-6


@translators
def test_every_source_token_changes_every_prediction_and_padding_none(settings):
    model = network(settings)
    source, inputs = ids(1, TEXT.inputs, 1, 5), ids(0, TEXT.inputs, 1, 6, seed=1)
    before = model(inputs, source)
    for place in range(5):
        after = model(inputs, _other(source, place, TEXT.inputs))
        assert (after - before).abs().amax(dim=(0, 2)).min() > 1e-9
    padded = torch.cat((source, torch.full((1, 4), PADDING)), dim=1)
    assert_close(model(inputs, padded), before, rtol=0, atol=1e-10)


@every_baseline
def test_dropout_acts_in_training_alone(settings):
    model = network(changed(settings, dropout=0.5))
    inputs = ids(1, 7, 2, 6)
    source = [inputs] if settings in TRANSLATORS.values() else []
    assert not torch.equal(model.train()(inputs, *source), model(inputs, *source))
    assert torch.equal(model.eval()(inputs, *source), model(inputs, *source))


@every_baseline
def test_every_weight_takes_part(settings):
    """A weight without a gradient would neither learn nor be in a checkpoint of the optimizer."""
    model = network(settings)
    inputs = ids(1, 7, 2, 12)
    source = [inputs] if settings in TRANSLATORS.values() else []
    model(inputs, *source).square().sum().backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_pixels_are_generated_in_raster_order_but_for_blocks_of_a_locality():
    raster = list(range(LENGTH))
    for model in (LSTM, PIXELCNN, settings(Architecture.DECODER, locality=FULL)):
        assert pixel_order(model, IMAGE) == raster
    rows_and_columns = naive.blockwise_raster(LOCAL_2D, IMAGE.height, IMAGE.width)
    order = [row * IMAGE.width + column for row, column in rows_and_columns]
    assert pixel_order(settings(Architecture.DECODER, locality=LOCAL_2D), IMAGE) == order


@pytest.mark.parametrize(
    ("settings", "change", "message"),
    [
        (LSTM_TRANSLATOR, {"num_layers": 1}, "greater than or equal to 2"),
        (LSTM_TRANSLATOR, {"d_model": 9}, "should be even"),
        (CONV_TRANSLATOR, {"d_model": 9}, "should be even"),
        (CONV_TRANSLATOR, {"kernel_size": 4}, "should be odd"),
        (CONV_TRANSLATOR, {"kernel_size": 1}, "greater than or equal to 3"),
        (PIXELCNN, {"first_kernel_size": 2}, "greater than or equal to 3"),
        (PIXELCNN, {"kernel_size": 6}, "should be odd"),
        (LSTM, {"architecture": Architecture.DECODER}, "lstm_decoder"),
    ],
)
def test_sizes_that_make_no_network_are_refused(settings, change, message):
    with pytest.raises(ValueError, match=message):
        changed(settings, **change)

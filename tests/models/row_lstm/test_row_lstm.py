"""The Row LSTM against its equations, and what each prediction may see."""

from functools import cache
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from models.row_lstm.layers import RowLstm
from models.settings import DataShape
from tests.models import naive_baselines as naive
from tests.models.baselines import ROW_LSTM, changed, network
from tests.models.comparison import (
    all_logits,
    assert_reordered_steps_equal_forward,
    assert_same_values_and_gradients,
    assert_steps_equal_forward,
)
from tests.models.networks import COLOUR, IMAGE, images

WIDE = changed(ROW_LSTM, d_model=48)  # some units of each channel are alive
kernel_sizes = st.sampled_from([3, 5, 7])
every_shape = pytest.mark.parametrize("shape", [IMAGE, COLOUR], ids=["grey", "colour"])


def _inputs(shape: DataShape, *batch: int) -> torch.Tensor:
    layout = shape.layout
    ids = torch.randint(0, shape.outputs, (*batch, layout.height * layout.width * layout.channels))
    ids[..., 0] = shape.inputs - 1
    return ids


@settings(max_examples=15)
@given(
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    channels=st.integers(1, 3),
    first_kernel_size=kernel_sizes,
    kernel_size=kernel_sizes,
    num_layers=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_it_equals_the_equations(height, width, channels, seed, **sizes):
    shape = images(height, width, channels, inputs=7, outputs=4)
    model = network(changed(ROW_LSTM, **sizes), shape, seed)
    inputs = _inputs(shape, 2)
    expected = torch.stack([naive.row_lstm(model, row) for row in inputs])
    assert_same_values_and_gradients(all_logits(model, inputs), expected, model)
    assert_steps_equal_forward(model, inputs)


@settings(max_examples=10)
@given(length=st.integers(1, 24))
def test_a_beginning_is_predicted_as_in_the_whole_image(length):
    model, inputs = network(ROW_LSTM, COLOUR), _inputs(COLOUR, 2)
    assert_close(all_logits(model, inputs[:, :length]), all_logits(model, inputs)[:, :length])


@pytest.mark.parametrize("fed", [1, 2, 3, 4, 17, 18, 19, 20])
def test_a_reordered_colour_image_goes_on_with_the_chosen_rows(fed):
    """Within a pixel, between two, and at the beginning of a row."""
    model, inputs = network(ROW_LSTM, COLOUR), _inputs(COLOUR, 3)
    assert_reordered_steps_equal_forward(model, inputs, fed, torch.tensor([2, 0, 2, 1]))


def test_the_likelihoods_of_all_images_sum_to_one():
    model = network(WIDE, images(1, 2, channels=3, inputs=3, outputs=2))
    every_image = torch.tensor(list(product(range(2), repeat=6)))
    inputs = torch.cat((torch.full((64, 1), 2), every_image[:, :-1]), dim=1)
    log_probs = -model.nats(inputs, every_image).sum(dim=1)
    assert log_probs.std() > 0.1
    assert_close(log_probs.exp().sum().item(), 1.0, rtol=0, atol=1e-12)


def _seen(model: nn.Module) -> torch.Tensor:
    """Which prediction depends on which input, (prediction, input): every pair is tried."""
    ids = _inputs(model.shape, 1)[0]
    inputs = ids.expand(len(ids), -1)
    changed = inputs.clone()
    changed.diagonal().copy_((inputs.diagonal() + 1) % model.shape.inputs)
    with torch.no_grad():
        return (all_logits(model, changed) != all_logits(model, inputs)).any(dim=2).T


@every_shape
def test_a_layer_sees_a_triangle_and_no_later_channel(shape):
    """Kernels of 3: of the row above three states, which see three of the row above that.

    Of its own row a state sees the pixel to the left whole, and of its own the channels before.
    """
    seen = _seen(network(changed(WIDE, num_layers=1, first_kernel_size=3), shape))
    height, width, last = shape.layout.height, shape.layout.width, shape.layout.channels - 1
    pixels = set(product(range(height), range(width)))
    positions = [(*pixel, channel) for pixel in sorted(pixels) for channel in range(last + 1)]

    @cache
    def by_convolution(row: int, column: int, channel: int) -> set[tuple[int, ...]]:
        whole = {(row - 1, column + beside) for beside in (-1, 0, 1)} | {(row, column - 1)}
        found = {(*pixel, each) for pixel in whole & pixels for each in range(last + 1)}
        return found | {(row, column, each) for each in range(channel)}

    @cache
    def by_state(row: int, column: int, channel: int) -> set[tuple[int, ...]]:
        found = by_convolution(row, column, channel)
        if (row, column - 1) in pixels:
            found = found | by_convolution(row, column - 1, last)
        for above in {(row - 1, column + beside) for beside in (-1, 0, 1)} & pixels:
            found = found | by_state(*above, last)
        return found

    for prediction, position in enumerate(positions):
        found = {positions[index] for index in seen[prediction, 1:].nonzero().flatten()}
        assert found == by_state(*position)
    assert seen[:, 0].all()


@every_shape
def test_a_pixel_costs_the_same_wherever_it_is(shape):
    """What is kept has one size from the first channel to the last."""
    model, inputs = network(ROW_LSTM, shape), _inputs(shape, 2)
    state = model.init_state(None, 2, inputs.shape[1])

    def sizes() -> list[torch.Size]:
        past = state.past
        kept = [past.above, *past.left, *sum(past.states + past.current, ())]
        return [each.shape for each in kept]

    before = sizes()
    with torch.no_grad():
        for ids in inputs.T:
            model.step(ids, state)
            assert sizes() == before


def test_forget_gates_start_open():
    """Their biases alone are about 1."""
    bias = RowLstm(ROW_LSTM, channels=1).input_to_state.bias.unflatten(0, (4, -1)).mean(dim=1)
    assert bias[1] > 0.5 > bias[[0, 2, 3]].abs().max()

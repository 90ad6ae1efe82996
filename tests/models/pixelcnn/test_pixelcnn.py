from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from models.pixelcnn.layers import gate
from models.settings import DataShape
from tests.models import naive_baselines as naive
from tests.models.baselines import PIXELCNN, changed, network
from tests.models.comparison import (
    all_logits,
    assert_reordered_steps_equal_forward,
    assert_same_values_and_gradients,
    assert_steps_equal_forward,
)
from tests.models.networks import COLOUR, IMAGE, images

WIDE = changed(PIXELCNN, d_model=48)  # some units of each channel are alive
kernel_sizes = st.sampled_from([3, 5, 7])
every_shape = pytest.mark.parametrize("shape", [IMAGE, COLOUR], ids=["grey", "colour"])


def _inputs(shape: DataShape, *batch: int) -> torch.Tensor:
    layout = shape.layout
    length = layout.height * layout.width * layout.channels
    ids = torch.randint(0, shape.outputs, (*batch, length))
    ids[..., 0] = shape.inputs - 1
    return ids


@settings(max_examples=25)
@given(
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    channels=st.integers(1, 3),
    first_kernel_size=kernel_sizes,
    kernel_size=kernel_sizes,
    num_layers=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_it_equals_masked_convolutions(height, width, channels, seed, **sizes):
    shape = images(height, width, channels, inputs=7, outputs=4)
    model = network(changed(PIXELCNN, **sizes), shape, seed)
    inputs = _inputs(shape, 2)
    expected = torch.stack([naive.pixelcnn(model, row) for row in inputs])
    assert_same_values_and_gradients(all_logits(model, inputs), expected, model)
    assert_steps_equal_forward(model, inputs)


@settings(max_examples=10)
@given(length=st.integers(1, 24))
def test_a_beginning_is_predicted_as_in_the_whole_image(length):
    model, inputs = network(PIXELCNN, COLOUR), _inputs(COLOUR, 2)
    assert_close(all_logits(model, inputs[:, :length]), all_logits(model, inputs)[:, :length])


@pytest.mark.parametrize("fed", [1, 2, 3, 4, 17, 18, 19, 20])
def test_a_reordered_colour_image_goes_on_with_the_chosen_rows(fed):
    """Within a pixel, between two, and at the beginning of a row."""
    model, inputs = network(PIXELCNN, COLOUR), _inputs(COLOUR, 3)
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
def test_every_earlier_channel_is_seen_and_no_later_one(shape):
    """No blind spot: far to the upper right too, once enough layers reach there."""
    seen = _seen(network(changed(WIDE, num_layers=IMAGE.layout.width), shape))
    assert torch.equal(seen, torch.ones_like(seen).tril())


@every_shape
def test_one_layer_sees_what_its_kernel_reaches(shape):
    """The first kernel of 5 x 5: two rows above, two columns aside, two pixels to the left.

    And of the own pixel red nothing, green what red is, blue what both are.
    """
    seen = _seen(network(changed(WIDE, num_layers=1), shape))
    layout = shape.layout
    positions = list(product(range(layout.height), range(layout.width), range(layout.channels)))
    for prediction, (row, column, channel) in enumerate(positions):
        for position, (other_row, other_column, other_channel) in enumerate(positions[:-1]):
            up, left = row - other_row, column - other_column
            beside = up == 0 and 0 < left <= 2
            within = up == left == 0 and other_channel < channel
            reached = (0 < up <= 2 and abs(left) <= 2) or beside or within
            assert seen[prediction, position + 1] == reached
    assert seen[:, 0].all()


def test_a_gate_is_tanh_times_sigmoid():
    features = torch.tensor([0.5, -1.0, 0.0, 2.0])[None, :, None, None]
    expected = torch.tensor([0.5, -1.0]).tanh() * torch.tensor([0.0, 2.0]).sigmoid()
    assert_close(gate(features).flatten(), expected)


@every_shape
def test_a_pixel_costs_the_same_wherever_it_is(shape):
    """What is kept has one size from the first channel to the last."""
    model, inputs = network(PIXELCNN, shape), _inputs(shape, 2)
    state = model.init_state(None, 2, inputs.shape[1])

    def sizes() -> list[torch.Size]:
        past = state.past
        return [each.shape for each in (*past.above, *past.from_above, *past.left)]

    before = sizes()
    with torch.no_grad():
        for ids in inputs.T:
            model.step(ids, state)
            assert sizes() == before

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from tests.models import naive
from tests.models.comparison import (
    all_logits,
    assert_reordered_steps_equal_forward,
    assert_same_values_and_gradients,
    assert_steps_equal_forward,
    ids,
    stepped_logits,
)
from tests.models.networks import (
    COLOUR,
    FULL,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    ROTARY,
    SINUSOID_2D,
    SKEWED,
    pixel_decoder,
)

ATTENTION = [
    (FULL, SINUSOID_2D),
    (LOCAL_1D, SKEWED),
    (LOCAL_2D, SINUSOID_2D),
    (FULL, LEARNED),
    (FULL, ROTARY),
]
every_attention = pytest.mark.parametrize(("attention", "positions"), ATTENTION)
every_shape = pytest.mark.parametrize("shape", [IMAGE, COLOUR], ids=["grey", "colour"])


def _image(shape: DataShape, batch: int) -> Tensor:
    """A condition and then all intensities, (batch, 1 + intensities)."""
    layout = shape.layout
    condition = ids(shape.outputs, shape.inputs, batch, 1)
    count = layout.height * layout.width * layout.channels
    return torch.cat((condition, ids(0, shape.outputs, batch, count)), dim=1)


def _naive_log_probability(model: AutoregressiveModel, image: Tensor) -> Tensor:
    """log p of one image, ids (1 + intensities,), pixel after pixel with all channels at once."""
    channels, levels = model.shape.layout.channels, model.shape.outputs
    pixels = image[1:].view(-1, channels)
    d_model = model.settings.d_model
    condition = model.embedding.tokens.weight[image[:1] - levels] * d_model**0.5
    intensities = pixels[:-1].double() * (2 / (levels - 1)) - 1
    read = intensities @ model.pixel_projection.weight.T + model.pixel_projection.bias
    vectors = torch.cat((condition, F.relu(read) * d_model**0.5))
    parameters = model.head.output_projection(model.hidden(vectors[None]))[0]
    return sum(
        naive.pixel_log_probability(each, tuple(pixel), levels)
        for each, pixel in zip(parameters, pixels.tolist(), strict=True)
    )


@every_shape
@every_attention
def test_the_likelihood_of_an_image_is_that_of_its_pixels(attention, positions, shape):
    model, image = pixel_decoder(positions, attention, shape), _image(shape, 1)
    log_prob = -model.nats(image[:, :-1], image[:, 1:]).sum()
    assert_same_values_and_gradients(log_prob, _naive_log_probability(model, image[0]), model)


@every_shape
@every_attention
def test_one_channel_at_a_time_equals_all_at_once(attention, positions, shape):
    model = pixel_decoder(positions, attention, shape)
    assert_steps_equal_forward(model, _image(shape, 2)[:, :-1])


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 20])
def test_the_nats_of_a_beginning_are_those_in_the_whole_image(length):
    model, image = pixel_decoder(), _image(COLOUR, 2)
    whole = model.nats(image[:, :-1], image[:, 1:])
    beginning = model.nats(image[:, :length], image[:, 1 : length + 1])
    assert_close(beginning, whole[:, :length])


def test_an_intensity_changes_no_prediction_up_to_its_own():
    model, inputs = pixel_decoder(attention=FULL), _image(COLOUR, 1)[:, :-1]
    with torch.no_grad():
        for position in (1, 2, 3, 4, 40):
            other = inputs.clone()
            other[0, position] = (other[0, position] + 1) % COLOUR.outputs
            differs = (all_logits(model, other) != all_logits(model, inputs)).any(dim=-1)[0]
            assert not differs[:position].any() and differs[position]


@pytest.mark.parametrize("fed", [1, 2, 3, 4, 9])
def test_reordered_rows_go_on_as_if_they_had_been_the_batch(fed):
    inputs, rows = _image(COLOUR, 3)[:, :-1], torch.tensor([2, 0, 2, 1])
    assert_reordered_steps_equal_forward(pixel_decoder(), inputs, fed, rows)


def test_a_pixel_is_one_position_of_the_cache():
    model = pixel_decoder(attention=FULL)
    state = model.init_state(None, 2, 72)
    with torch.no_grad():
        stepped_logits(model, _image(COLOUR, 2)[:, :-1], state)
    assert state.position == 72
    assert {cache.keys.shape for cache in state.past.pixels.past.caches} == {(2, 2, 4, 32, 1)}


def test_only_conditions_have_embeddings():
    model = pixel_decoder()
    assert model.embedding.tokens.num_embeddings == COLOUR.inputs - COLOUR.outputs
    assert model.shape == COLOUR

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models.network import build, pixel_order
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from models.settings import Architecture, DataShape, Embeddings
from tests.models import naive, networks
from tests.models.comparison import advanced, assert_same_values_and_gradients, ids
from tests.models.networks import (
    COLOUR,
    FULL,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    MIXTURE,
    PITCH_TIME,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    TEXT,
    pixel_decoder,
)

LOCALITIES = [(FULL, SINUSOID_2D), (LOCAL_1D, SKEWED), (LOCAL_2D, SINUSOID_2D), (FULL, LEARNED)]
every_locality = pytest.mark.parametrize(("locality", "positions"), LOCALITIES)
every_shape = pytest.mark.parametrize("shape", [IMAGE, COLOUR], ids=["grey", "colour"])


def inputs_of(shape: DataShape, batch: int, seed: int = 0) -> Tensor:
    """A condition and then all intensities but the last, (batch, target)."""
    condition = ids(shape.outputs, shape.inputs, batch, 1, seed=seed)
    intensities = shape.height * shape.width * shape.channels
    return torch.cat((condition, ids(0, shape.outputs, batch, intensities - 1, seed=seed)), dim=1)


def naive_log_probability(model: nn.Module, image: Tensor) -> Tensor:
    """log p of one image, ids (1 + intensities,), pixel after pixel with all channels at once."""
    channels, levels = model.shape.channels, model.shape.outputs
    pixels = image[1:].view(-1, channels)
    d_model = model.settings.d_model
    condition = model.decoder.embedding.tokens.weight[image[:1] - levels] * d_model**0.5
    intensities = pixels[:-1].double() * (2 / (levels - 1)) - 1
    read = intensities @ model.read.weight.T + model.read.bias
    vectors = torch.cat((condition, F.relu(read) * d_model**0.5))
    parameters = model.decoder.decode(vectors[None])[0]
    return sum(
        naive.pixel_log_probability(each, tuple(pixel), levels)
        for each, pixel in zip(parameters, pixels.tolist(), strict=True)
    )


@every_shape
@every_locality
def test_the_likelihood_of_an_image_is_that_of_its_pixels(locality, positions, shape):
    model = pixel_decoder(positions, locality, shape)
    inputs = inputs_of(shape, 1)
    last = torch.tensor([[2]])
    log_probs = model(inputs).gather(-1, torch.cat((inputs[:, 1:], last), dim=1)[..., None]).sum()
    expected = naive_log_probability(model, torch.cat((inputs, last), dim=1)[0])
    assert_same_values_and_gradients(model, log_probs, expected)


@every_shape
@every_locality
def test_one_channel_at_a_time_equals_all_at_once(locality, positions, shape):
    model = pixel_decoder(positions, locality, shape)
    inputs = inputs_of(shape, 2)
    with torch.no_grad():
        found = advanced(model, inputs, model.begin(2, inputs.shape[1]))
    assert_close(found, model(inputs).detach(), rtol=1e-10, atol=1e-10)


@settings(max_examples=10)
@given(length=st.integers(1, 20))
def test_a_beginning_is_predicted_as_in_the_whole_image(length):
    model, inputs = pixel_decoder(), inputs_of(COLOUR, 2)
    assert_close(model(inputs[:, :length]), model(inputs)[:, :length])


def test_logits_are_log_probabilities():
    total = pixel_decoder()(inputs_of(COLOUR, 2)).exp().sum(dim=-1)
    assert_close(total, torch.ones_like(total), rtol=0, atol=1e-12)


def test_an_intensity_changes_no_prediction_up_to_its_own():
    model, inputs = pixel_decoder(locality=FULL), inputs_of(COLOUR, 1)
    with torch.no_grad():
        for position in (1, 2, 3, 4, 40):
            other = inputs.clone()
            other[0, position] = (other[0, position] + 1) % COLOUR.outputs
            differs = (model(other) != model(inputs)).any(dim=-1)[0]
            assert not differs[:position].any() and differs[position]


def test_reordered_states_go_on_with_the_chosen_rows():
    model, inputs = pixel_decoder(), inputs_of(COLOUR, 3)
    rows = torch.tensor([2, 0, 2, 1])
    for fed in (1, 2, 3, 4, 9):
        state = model.begin(3, inputs.shape[1])
        with torch.no_grad():
            advanced(model, inputs[:, :fed], state)
            state.reorder(rows, sentences_change=False)
            found = advanced(model, inputs[rows, fed:], state)
        assert_close(found, model(inputs[rows])[:, fed:].detach())


@every_shape
def test_the_order_of_generation_keeps_the_channels_of_a_pixel_together(shape):
    model = pixel_decoder(locality=LOCAL_2D, shape=shape)
    order = torch.tensor(pixel_order(model.settings, shape)).view(-1, shape.channels)
    assert sorted(order.flatten().tolist()) == list(range(order.numel()))
    assert (order == order[:, :1] + torch.arange(shape.channels)).all()
    grey = shape.model_copy(update={"channels": 1})
    assert (order[:, 0] // shape.channels).tolist() == pixel_order(model.settings, grey)


def test_it_is_refused_for_data_that_are_no_images():
    with pytest.raises(ValueError, match="for images only; use output.kind = categorical"):
        build(networks.settings(Architecture.DECODER, output=MIXTURE), TEXT)


@pytest.mark.parametrize(
    ("architecture", "positions", "others", "message"),
    [
        (Architecture.ENCODER_DECODER, SINUSOID, {}, "architecture = encoder_decoder; use"),
        *(
            (
                Architecture.DECODER,
                SINUSOID,
                {"embeddings": each},
                f"embeddings = {each}, which is for a softmax; use embeddings = separate",
            )
            for each in (Embeddings.TIED, Embeddings.CHANNELS)
        ),
        (Architecture.DECODER, PITCH_TIME, {}, "positions.kind = relative_pitch_time"),
    ],
)
def test_what_is_not_defined_is_refused(architecture, positions, others, message):
    with pytest.raises(ValidationError, match=message):
        networks.settings(architecture, positions, output=MIXTURE, **others)

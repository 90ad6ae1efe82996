import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from models.pixelcnn import gate
from models.settings import DataShape
from tests.models import naive_baselines as naive
from tests.models.baselines import PIXELCNN, changed, network
from tests.models.comparison import assert_same_values_and_gradients
from tests.models.networks import IMAGE

LENGTH = IMAGE.height * IMAGE.width
kernel_sizes = st.sampled_from([3, 5, 7])


def _inputs(shape: DataShape, *batch: int) -> torch.Tensor:
    ids = torch.randint(0, shape.outputs, (*batch, shape.height * shape.width))
    ids[..., 0] = shape.inputs - 1
    return ids


@settings(max_examples=15)
@given(
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    first_kernel_size=kernel_sizes,
    kernel_size=kernel_sizes,
    num_layers=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_it_equals_masked_convolutions(height, width, seed, **sizes):
    shape = DataShape(
        inputs=7, outputs=4, height=height, width=width, channels=1, voices=None, pitches=None
    )
    model = network(changed(PIXELCNN, **sizes), shape, seed)
    inputs = _inputs(shape, 2)
    expected = torch.stack([naive.pixelcnn(model, row) for row in inputs])
    assert_same_values_and_gradients(model, model(inputs), expected)
    state = model.begin(2, height * width)
    with torch.no_grad():
        advanced = torch.stack([model.advance(ids, state) for ids in inputs.T], dim=1)
    assert_close(advanced, expected.detach(), rtol=1e-10, atol=1e-10)


def test_a_batch_of_single_precision_agrees_with_double():
    model, inputs = network(PIXELCNN), _inputs(IMAGE, 3)
    double = model(inputs)
    assert_close(model.float()(inputs).double(), double, rtol=1e-5, atol=1e-5)


def _seen(model) -> torch.Tensor:
    """Which prediction depends on which input, (prediction, input): every pair is tried."""
    inputs = _inputs(IMAGE, 1).expand(LENGTH, -1)
    changed = inputs.clone()
    changed.diagonal().copy_((inputs.diagonal() + 1) % IMAGE.inputs)
    with torch.no_grad():
        return (model(changed) != model(inputs)).any(dim=2).T


def test_every_earlier_pixel_is_seen_and_no_later_one():
    """No blind spot: far to the upper right too, once enough layers reach there."""
    enough = network(changed(PIXELCNN, num_layers=IMAGE.width))
    assert torch.equal(_seen(enough), torch.ones(LENGTH, LENGTH).tril().bool())


def test_one_layer_sees_what_its_kernel_reaches():
    """The first kernel of 5 x 5: two rows above, two columns aside, two pixels to the left."""
    seen = _seen(network(changed(PIXELCNN, num_layers=1)))
    for prediction in range(LENGTH):
        row, column = divmod(prediction, IMAGE.width)
        for pixel in range(LENGTH - 1):
            up, left = row - pixel // IMAGE.width, column - pixel % IMAGE.width
            reached = (0 < up <= 2 and abs(left) <= 2) or (up == 0 and 0 < left <= 2)
            assert seen[prediction, pixel + 1] == reached
    assert seen[:, 0].all()


def test_a_gate_is_tanh_times_sigmoid():
    features = torch.tensor([0.5, -1.0, 0.0, 2.0])[None, :, None, None]
    expected = torch.tensor([0.5, -1.0]).tanh() * torch.tensor([0.0, 2.0]).sigmoid()
    assert_close(gate(features).flatten(), expected)


def test_a_pixel_costs_the_same_wherever_it_stands():
    """What is kept has one size from the first pixel to the last."""
    model = network(PIXELCNN)
    state = model.begin(2, LENGTH)

    def sizes() -> list[torch.Size]:
        return [each.shape for each in (*state.above, *state.from_above, *state.left, state.row)]

    before = sizes()
    with torch.no_grad():
        for ids in _inputs(IMAGE, 2).T:
            model.advance(ids, state)
            assert sizes() == before

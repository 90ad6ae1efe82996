import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from models.convs2s.network import GatedConvolution, attention, scale_gradient
from models.shared.base import PADDING, Memory
from models.shared.sinusoid import sinusoid
from tests.models import naive_baselines as naive
from tests.models.baselines import CONVS2S, changed, network
from tests.models.comparison import all_logits, assert_same_values_and_gradients
from tests.models.networks import TEXT


@settings(max_examples=10)
@given(
    data=st.data(),
    num_layers=st.integers(1, 3),
    kernel_size=st.sampled_from([3, 5]),
    seed=st.integers(0, 1000),
)
def test_the_encoder_decoder_equals_the_equations(data, num_layers, kernel_size, seed):
    """Sentence by sentence, in a batch of sentences of different lengths."""
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    target = data.draw(st.integers(1, 5))
    sizes = {"num_layers": num_layers, "kernel_size": kernel_size}
    model = network(changed(CONVS2S, **sizes), seed=seed)
    source = torch.full((len(lengths), max(lengths)), PADDING)
    for row, length in enumerate(lengths):
        source[row, :length] = torch.randint(1, TEXT.inputs, (length,))
    inputs = torch.randint(0, TEXT.inputs, (len(lengths), target))
    expected = torch.stack(
        [
            naive.convs2s(model, inputs[row], source[row, :length])
            for row, length in enumerate(lengths)
        ]
    )
    assert_same_values_and_gradients(all_logits(model, inputs, source), expected, model)


def test_a_weight_has_the_norm_that_was_learned_whatever_its_direction():
    layer = GatedConvolution(CONVS2S).convolve
    with torch.no_grad():
        layer.parametrizations.weight.original0.copy_(torch.arange(1.0, 17.0)[:, None, None])
        layer.parametrizations.weight.original1.mul_(10.0)
    assert_close(layer.weight.flatten(1).norm(dim=1), torch.arange(1.0, 17.0))


def test_a_gated_convolution_keeps_the_variance():
    """Section 3.5: inputs of mean zero, small enough that the gate is linear."""
    torch.manual_seed(0)
    layer = GatedConvolution(changed(CONVS2S, d_model=256)).eval()
    inputs = torch.randn(8, 66, 256) * 0.1
    assert layer(inputs).std().item() == pytest.approx(0.1, rel=0.05)


def test_a_residual_sum_is_scaled():
    """With convolutions of zero, two encoder layers and no attention scale by 0.5 and no more."""
    model = network(changed(CONVS2S, num_layers=2))
    source = torch.randint(1, 9, (1, 5))
    for layer in model.encoder:
        torch.nn.init.zeros_(layer.convolve.bias)
        torch.nn.init.zeros_(layer.convolve.parametrizations.weight.original0)
    (memory,) = model.init_state(source, 1, 1).memories
    embedded = model.tokens.weight[source] + sinusoid(torch.arange(5), 8) * 0.1 * math.sqrt(2.0)
    assert_close(memory.key, embedded * 0.5)
    assert_close(memory.value, embedded * 1.5 * math.sqrt(0.5))


@pytest.mark.parametrize("length", [1, 4, 9])
def test_an_even_attention_multiplies_the_mean_by_the_root_of_the_number_of_tokens(length):
    value = torch.randn(1, 9, 4)
    attn_mask = (torch.arange(9) < length)[None, None]
    context = attention(torch.zeros(1, 2, 4), Memory(torch.randn(1, 9, 4), value, attn_mask))
    mean = value[:, :length].mean(dim=1, keepdim=True)
    assert_close(context, (mean * math.sqrt(length)).expand(1, 2, 4))


def test_the_gradient_is_scaled_and_the_value_is_not():
    values = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64, requires_grad=True)
    scaled = scale_gradient(values, 0.25)
    assert_close(scaled, values, rtol=0, atol=1e-15)
    (scaled * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
    assert values.grad.tolist() == [0.25, 0.5, 1.0]


def test_a_position_sees_the_kernels_below_it_and_no_more():
    """Two layers of kernel 3: four positions back."""
    model = network(CONVS2S)
    source, inputs = torch.randint(1, 9, (1, 4)), torch.randint(1, 9, (1, 8))
    other = inputs.clone()
    other[0, 1] = inputs[0, 1] % 8 + 1
    difference = (
        (all_logits(model, inputs, source) - all_logits(model, other, source))
        .abs()
        .amax(dim=(0, 2))
    )
    assert torch.all(difference[1:6] > 0.0)
    assert torch.all(difference[6:] == 0.0)

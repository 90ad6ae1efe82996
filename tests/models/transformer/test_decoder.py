import math
from unittest.mock import Mock

import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from torch.testing import assert_close

from models.build import build
from models.errors import SequenceError
from models.settings import Embeddings, Norm, PositionsAt, Residuals, Structure
from models.transformer import patterns
from models.transformer.cache import KEYS
from tests.models.comparison import (
    all_logits,
    assert_feeding_equals_forward,
    assert_reordered_steps_equal_forward,
    assert_steps_equal_forward,
    ids,
    random_tensor,
    stepped_logits,
)
from tests.models.networks import (
    ALIBI,
    BLOCKWISE,
    DECODERS,
    FULL,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    PITCH_TIME,
    ROTARY,
    SHAW,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    TEXT,
    decoder,
    images,
    settings,
)
from tests.models.strategies import local_1d, local_2d

LENGTH = IMAGE.layout.height * IMAGE.layout.width

decoders = pytest.mark.parametrize(("positions", "attention", "norm"), DECODERS)
both_norms = pytest.mark.parametrize("norm", Norm)


@decoders
def test_one_position_at_a_time_equals_all_at_once(positions, attention, norm):
    model = decoder(positions, attention, norm)
    assert_steps_equal_forward(model, ids(0, IMAGE.inputs, 2, LENGTH))


@decoders
def test_several_positions_of_rows_of_different_lengths_equal_all_at_once(
    positions, attention, norm
):
    model = decoder(positions, attention, norm)
    assert_feeding_equals_forward(model, ids(0, IMAGE.outputs, 3, LENGTH))


@examples(max_examples=20, deadline=None)
@given(
    local=st.one_of(local_1d, local_2d),
    down=st.integers(1, 3),
    across=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_several_positions_equal_all_at_once_with_any_local_attention(local, down, across, seed):
    height = down * getattr(local, "query_rows", 6)
    width = across * getattr(local, "query_columns", 3)
    for positions in (SINUSOID_2D, SHAW, SKEWED):
        if positions is SINUSOID_2D or hasattr(local, "query_block"):
            model = decoder(positions, local, shape=images(height, width))
            inputs = ids(0, IMAGE.outputs, 3, height * width)
            assert_feeding_equals_forward(model, inputs, seed=seed)


@decoders
def test_reordered_rows_go_on_as_if_they_had_been_the_batch(positions, attention, norm):
    model, inputs = decoder(positions, attention, norm), ids(0, IMAGE.inputs, 3, LENGTH)
    assert_reordered_steps_equal_forward(model, inputs, 13, torch.tensor([2, 0, 0, 1]))


@examples(max_examples=10)
@given(local=st.one_of(local_1d, local_2d), down=st.integers(1, 4), across=st.integers(1, 2))
def test_one_position_at_a_time_equals_all_at_once_with_any_local_attention(local, down, across):
    height = down * getattr(local, "query_rows", 6)
    width = across * getattr(local, "query_columns", 3)
    model = decoder(attention=local, shape=images(height, width))
    assert_steps_equal_forward(model, ids(0, IMAGE.inputs, 2, height * width))


@pytest.mark.parametrize(("attention", "kept"), [(LOCAL_1D, 5 + 3), (LOCAL_2D, 19)])
def test_caches_of_local_attention_have_one_size_for_any_length(attention, kept):
    slots = math.ceil((1 + kept) / KEYS) * KEYS
    for height in (8, 16):
        model = decoder(attention=attention, shape=images(height, 6))
        state = model.init_state(None, 2, height * 6)
        with torch.no_grad():
            stepped_logits(model, ids(0, IMAGE.inputs, 2, height * 6), state)
        assert {cache.keys.shape for cache in state.past.caches} == {(2, 2, 4, slots, 1)}


@pytest.mark.parametrize("positions", [SINUSOID, SHAW, SKEWED, PITCH_TIME, ROTARY, ALIBI])
def test_blockwise_equals_dense(positions, monkeypatch):
    monkeypatch.setattr(patterns, "QUERY_BLOCK", 3)
    recomputed = Mock(wraps=patterns.checkpoint)
    monkeypatch.setattr(patterns, "checkpoint", recomputed)
    found, inputs = {}, ids(0, IMAGE.inputs, 2, 17)
    for attention in (FULL, BLOCKWISE):
        model = decoder(positions, attention)
        logits = all_logits(model, inputs)
        upstream = random_tensor(*logits.shape)
        gradients = torch.autograd.grad(logits, list(model.parameters()), upstream)
        found[attention.backend] = (logits, *gradients)
    assert_close(*found.values(), atol=1e-10, rtol=1e-10)
    assert recomputed.call_count == len(model.layers) * 6  # blocks of 3 in 17 positions


@decoders
def test_a_later_id_changes_no_earlier_prediction(positions, attention, norm):
    model, inputs = decoder(positions, attention, norm), ids(0, IMAGE.inputs, 1, LENGTH)
    other = inputs.clone()
    other[0, 9] = (inputs[0, 9] + 1) % IMAGE.inputs
    before, after = all_logits(model, inputs), all_logits(model, other)
    assert_close(before[:, :9], after[:, :9], atol=0.0, rtol=0.0)
    assert (before[:, 9] - after[:, 9]).abs().max() > 1e-6


@pytest.mark.parametrize("attention", [LOCAL_1D, LOCAL_2D])
def test_local_attention_sees_no_further_than_its_memory(attention):
    """One layer: the last pixel does not depend on the first, but on the condition it does."""
    model = decoder(SINUSOID_2D, attention, num_layers=1)
    inputs = ids(0, IMAGE.inputs, 1, LENGTH)

    def influence(position):
        other = inputs.clone()
        other[0, position] = (inputs[0, position] + 1) % IMAGE.inputs
        difference = all_logits(model, inputs) - all_logits(model, other)
        return difference.abs().amax(dim=(0, 2))

    assert influence(1)[1] > 0.0
    assert influence(1)[-1] == 0.0
    assert influence(0).min() > 0.0


EVERY_OPTION = {
    "embeddings": Embeddings.TIED,
    "residuals": Residuals.NONE,
    "positions_at": PositionsAt.EVERY_LAYER,
    "num_layers": 3,
}


@both_norms
@pytest.mark.parametrize("positions", [SINUSOID, SINUSOID_2D, LEARNED])
def test_one_position_at_a_time_equals_all_at_once_with_every_option(positions, norm):
    model = decoder(positions, LOCAL_1D, norm, **EVERY_OPTION)
    assert_steps_equal_forward(model, ids(0, IMAGE.inputs, 2, LENGTH))


@pytest.mark.parametrize(
    "rate", ["dropout", "embedding_dropout", "attention_dropout", "relu_dropout"]
)
@pytest.mark.parametrize("attention", [FULL, BLOCKWISE, LOCAL_1D])
def test_each_dropout_alone_acts_in_training_alone(rate, attention):
    model = decoder(attention=attention, **{rate: 0.5})
    inputs = ids(0, TEXT.inputs, 1, 6)
    torch.manual_seed(0)
    assert not torch.equal(model.train()(inputs), model(inputs))
    assert torch.equal(model.eval()(inputs), model(inputs))


def test_a_sequence_longer_than_the_learned_positions_is_refused_in_one_line():
    model = decoder(LEARNED, shape=TEXT)
    inputs = ids(0, TEXT.inputs, 1, LENGTH + 1)
    state = model.init_state(None, 1, LENGTH + 1)
    stepped_logits(model, inputs[:, :LENGTH], state)
    for read in (lambda: model(inputs), lambda: model.step(inputs[:, LENGTH], state)):
        with pytest.raises(SequenceError, match="a sequence of 25 .*max_length = 24") as caught:
            read()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("attention", [FULL, LOCAL_1D, LOCAL_2D])
def test_a_colour_image_is_one_whose_rows_have_all_channels_of_their_pixels(attention):
    inputs = ids(0, IMAGE.inputs, 2, LENGTH)
    model = decoder(SINUSOID_2D, attention, shape=images(4, 2, channels=3))
    assert torch.equal(model(inputs), decoder(SINUSOID_2D, attention)(inputs))
    assert_steps_equal_forward(model, inputs)


def test_tied_embeddings_and_softmax_are_one_matrix_and_separate_ones_are_not():
    inputs, table = ids(0, TEXT.inputs, 2, 7), {"embedding.tokens.weight"}
    own = {"head.output_projection.weight", "head.output_projection.bias"}
    for embeddings, expected in ((Embeddings.TIED, table), (Embeddings.SEPARATE, table | own)):
        model = decoder(embeddings=embeddings)
        assert matrices_with_gradients(model, all_logits(model, inputs)) == expected


def matrices_with_gradients(model, logits) -> set[str]:
    """The names of the embeddings and of the parts of the head that take part in `logits`."""
    logits.square().sum().backward()
    return {
        name
        for name, parameter in model.named_parameters()
        if ("embedding" in name or "head" in name) and parameter.grad.abs().max() > 0.0
    }


def test_the_logits_of_tied_embeddings_are_products_with_the_vectors_of_the_outputs():
    model, inputs = decoder(embeddings=Embeddings.TIED, norm=Norm.PRE), ids(0, 9, 2, 7)
    logits = all_logits(model, inputs)
    assert logits.shape[-1] == IMAGE.outputs < IMAGE.inputs
    vectors = model.embedding.tokens.weight[: IMAGE.outputs]
    assert_close(logits, torch.einsum("btd,vd->btv", model(inputs), vectors))


def test_pre_norm_normalises_the_sum_of_all_layers_and_post_norm_needs_no_further_norm():
    inputs = ids(0, TEXT.inputs, 1, 6)
    for norm in Norm:
        hidden = build(settings(Structure.DECODER, norm=norm), TEXT).eval()(inputs)
        assert_close(hidden.mean(dim=-1), torch.zeros(1, 6), atol=1e-5, rtol=0.0)
        assert_close(hidden.var(dim=-1, unbiased=False), torch.ones(1, 6), atol=1e-3, rtol=0.0)


def test_weights_begin_xavier_uniform_and_biases_zero():
    torch.manual_seed(0)
    model = build(settings(Structure.DECODER, d_model=64, d_ff=256, num_heads=4), TEXT)
    w_1 = model.layers[0].feed_forward.w_1
    bound = (6 / (64 + 256)) ** 0.5
    assert w_1.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert w_1.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert (
        torch.count_nonzero(w_1.bias) == torch.count_nonzero(model.head.output_projection.bias) == 0
    )

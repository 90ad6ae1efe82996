from unittest.mock import Mock

import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.models.test_locality import local_1d, local_2d
from torch.testing import assert_close

from models import attention
from models.errors import SequenceError
from models.positions import sinusoid
from models.settings import (
    Architecture,
    Backend,
    DataShape,
    Embeddings,
    Norm,
    PositionsAt,
    Residuals,
)
from models.transformer import PADDING, build
from tests.models.comparison import advanced, assert_reordered_goes_on, ids
from tests.models.networks import (
    BESIDE,
    DECODERS,
    ENCODER_DECODERS,
    FULL,
    IMAGE,
    IMAGE_ENCODER_DECODERS,
    LABELLED,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    NONE,
    PITCH_TIME,
    SHAW,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    TEXT,
    decoder,
    encoder_decoder,
    settings,
)

LENGTH = IMAGE.height * IMAGE.width

decoders = pytest.mark.parametrize(("positions", "locality", "norm"), DECODERS)
encoder_decoders = pytest.mark.parametrize(("positions", "norm"), ENCODER_DECODERS)


@torch.no_grad()
@decoders
def test_one_position_at_a_time_equals_all_at_once(positions, locality, norm):
    model = decoder(positions, locality, norm)
    inputs = ids(0, IMAGE.inputs, 2, LENGTH)
    assert_close(advanced(model, inputs, model.begin(2, LENGTH)), model(inputs).detach())


@encoder_decoders
def test_one_target_position_at_a_time_equals_all_at_once(positions, norm):
    model = encoder_decoder(positions, norm)
    source = ids(1, TEXT.inputs, 3, 5)
    source[1, 3:] = PADDING
    inputs = ids(0, TEXT.inputs, 3, 7, seed=1)
    assert_close(advanced(model, inputs, model.begin(source, 1, 7)), model(inputs, source).detach())


def test_the_copies_of_a_source_lie_side_by_side():
    model = encoder_decoder()
    source, inputs = ids(1, TEXT.inputs, 2, 5), ids(0, TEXT.inputs, 6, 4, seed=1)
    expected = model(inputs, source[[0, 0, 0, 1, 1, 1]]).detach()
    assert_close(advanced(model, inputs, model.begin(source, 3, 4)), expected)


def test_reordered_caches_go_on_with_the_chosen_rows():
    assert_reordered_goes_on(encoder_decoder(SHAW))


@decoders
def test_reordered_caches_are_those_of_the_reordered_inputs(positions, locality, norm):
    model = decoder(positions, locality, norm)
    inputs, rows = ids(0, IMAGE.inputs, 3, LENGTH), torch.tensor([2, 0, 0, 1])
    state = model.begin(3, LENGTH)
    advanced(model, inputs[:, :13], state)
    state.reorder(rows, sentences_change=False)
    later = ids(0, IMAGE.inputs, 4, LENGTH - 13, seed=1)
    expected = model(torch.cat((inputs[rows, :13], later), dim=1))[:, 13:]
    assert_close(advanced(model, later, state), expected.detach())


@examples(max_examples=10)
@given(locality=st.one_of(local_1d, local_2d), down=st.integers(1, 4), across=st.integers(1, 2))
def test_a_ring_of_any_local_attention_equals_all_at_once(locality, down, across):
    height = down * getattr(locality, "query_rows", 6)
    width = across * getattr(locality, "query_columns", 3)
    model = decoder(
        locality=locality, shape=IMAGE.model_copy(update={"height": height, "width": width})
    )
    inputs = ids(0, IMAGE.inputs, 2, height * width)
    state = model.begin(2, height * width)
    assert_close(advanced(model, inputs, state), model(inputs).detach())


@pytest.mark.parametrize(("locality", "kept"), [(LOCAL_1D, 5 + 3), (LOCAL_2D, 19)])
def test_local_caches_have_one_size_for_any_length(locality, kept):
    for height in (8, 16):
        model = decoder(locality=locality, shape=IMAGE.model_copy(update={"height": height}))
        state = model.begin(2, height * IMAGE.width)
        assert {cache.keys.shape for cache in state.caches} == {(2, 2, 1 + kept, 4)}


@pytest.fixture
def blockwise(monkeypatch) -> Mock:
    """Counts the calls of blockwise attention, which has small blocks here."""
    monkeypatch.setattr(attention, "QUERY_BLOCK", 3)
    monkeypatch.setattr(attention, "attend_blockwise", Mock(wraps=attention.attend_blockwise))
    return attention.attend_blockwise


@pytest.mark.parametrize("positions", [SINUSOID, SHAW, SKEWED, PITCH_TIME])
def test_a_blockwise_decoder_equals_a_dense_one(positions, blockwise):
    model, inputs = decoder(positions), ids(0, IMAGE.inputs, 2, 17)
    dense = model(inputs)
    model.settings = model.settings.model_copy(update={"backend": Backend.BLOCKWISE})
    _assert_equal_with_gradients(model, model(inputs), dense)
    assert blockwise.call_count == len(model.layers)


@pytest.mark.parametrize("positions", [SINUSOID, SHAW, SKEWED])
def test_a_blockwise_encoder_decoder_equals_a_dense_one(positions, blockwise):
    model, inputs = encoder_decoder(positions), ids(0, TEXT.inputs, 3, 7, seed=1)
    source = ids(1, TEXT.inputs, 3, 5)
    source[1, 3:] = PADDING
    dense = model(inputs, source)
    model.settings = model.settings.model_copy(update={"backend": Backend.BLOCKWISE})
    _assert_equal_with_gradients(model, model(inputs, source), dense)
    assert blockwise.call_count == len(model.encoder) + 2 * len(model.decoder)
    rows = torch.tensor([0, 0, 1, 1, 2, 2])
    assert_close(advanced(model, inputs[rows], model.begin(source, 2, 7)), dense[rows].detach())


def _assert_equal_with_gradients(model, blockwise, dense):
    assert_close(blockwise, dense, atol=1e-10, rtol=1e-10)
    weights, upstream = list(model.parameters()), torch.randn_like(dense)
    assert_close(
        torch.autograd.grad(blockwise, weights, upstream),
        torch.autograd.grad(dense, weights, upstream),
        atol=1e-10,
        rtol=1e-10,
    )


@decoders
def test_a_later_token_changes_no_earlier_prediction(positions, locality, norm):
    model = decoder(positions, locality, norm)
    inputs = ids(0, IMAGE.inputs, 1, LENGTH)
    changed = inputs.clone()
    changed[0, 9] = (inputs[0, 9] + 1) % IMAGE.inputs
    before, after = model(inputs), model(changed)
    assert_close(before[:, :9], after[:, :9], atol=0.0, rtol=0.0)
    assert (before[:, 9] - after[:, 9]).abs().max() > 1e-6


@encoder_decoders
def test_a_later_target_changes_no_earlier_prediction(positions, norm):
    model = encoder_decoder(positions, norm)
    source, inputs = ids(1, TEXT.inputs, 1, 5), ids(0, TEXT.inputs, 1, 6, seed=1)
    changed = inputs.clone()
    changed[0, 3] = (inputs[0, 3] + 1) % TEXT.inputs
    before, after = model(inputs, source), model(changed, source)
    assert_close(before[:, :3], after[:, :3], atol=0.0, rtol=0.0)
    assert (before[:, 3] - after[:, 3]).abs().max() > 1e-6


@encoder_decoders
def test_every_source_token_changes_every_prediction_and_padding_none(positions, norm):
    model = encoder_decoder(positions, norm)
    source, inputs = ids(1, TEXT.inputs, 1, 5), ids(0, TEXT.inputs, 1, 6, seed=1)
    before = model(inputs, source)
    for place in range(5):
        changed = source.clone()
        changed[0, place] = source[0, place] % (TEXT.inputs - 1) + 1
        difference = (model(inputs, changed) - before).abs().amax(dim=(0, 2))
        assert difference.min() > 1e-9
    padded = torch.cat((source, torch.full((1, 4), PADDING)), dim=1)
    assert_close(model(inputs, padded), before)


@pytest.mark.parametrize("locality", [LOCAL_1D, LOCAL_2D])
def test_a_local_network_sees_no_further_than_its_memory(locality):
    """One layer: the last pixel does not depend on the first, but on the condition it does."""
    torch.manual_seed(0)
    one_layer = settings(Architecture.DECODER, SINUSOID_2D, locality, num_layers=1)
    model = build(one_layer, IMAGE).eval()
    inputs = ids(0, IMAGE.inputs, 1, LENGTH)

    def influence(position):
        changed = inputs.clone()
        changed[0, position] = (inputs[0, position] + 1) % IMAGE.inputs
        return (model(inputs) - model(changed)).abs().amax(dim=(0, 2))

    assert influence(1)[1] > 0.0
    assert influence(1)[-1] == 0.0
    assert influence(0).min() > 0.0


@pytest.mark.parametrize(
    ("sizes", "millions"),
    [
        ({"num_layers": 6, "d_model": 512, "num_heads": 8, "d_ff": 2048}, 65),
        ({"num_layers": 6, "d_model": 1024, "num_heads": 16, "d_ff": 4096}, 213),
    ],
)
def test_the_published_sizes_have_the_published_numbers_of_parameters(sizes, millions):
    """Vaswani et al. 2017, table 3; the vocabulary of about 37,000 is not given exactly."""
    shape = DataShape.sequence(inputs=37_000, outputs=37_000)
    with torch.device("meta"):
        model = build(settings(Architecture.ENCODER_DECODER, **sizes), shape)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == pytest.approx(millions * 1e6, rel=0.035)


def test_embeddings_are_scaled_to_the_size_of_the_positions():
    model = build(settings(Architecture.DECODER, SHAW, d_model=512), TEXT)
    vectors = model.embedding.eval()(torch.arange(TEXT.inputs)[None])
    assert vectors.std().item() == pytest.approx(1.0, abs=0.05)


def test_dropout_acts_in_training_alone():
    torch.manual_seed(0)
    model = build(settings(Architecture.DECODER, dropout=0.5), TEXT)
    inputs = ids(0, TEXT.inputs, 1, 6)
    assert not torch.equal(model.train()(inputs), model(inputs))
    assert torch.equal(model.eval()(inputs), model(inputs))


EVERYTHING_ELSE = {
    "residuals": Residuals.NONE,
    "positions_at": PositionsAt.EVERY_LAYER,
    "num_layers": 3,
}
both_norms = pytest.mark.parametrize("norm", Norm)


@both_norms
@pytest.mark.parametrize("positions", [SINUSOID, SINUSOID_2D, LEARNED])
def test_one_position_at_a_time_equals_all_at_once_with_every_option(positions, norm):
    tied = {"embeddings": Embeddings.TIED, **EVERYTHING_ELSE}
    model = decoder(positions, LOCAL_1D, norm, **tied)
    inputs = ids(0, IMAGE.inputs, 2, LENGTH)
    assert_close(advanced(model, inputs, model.begin(2, LENGTH)), model(inputs).detach())


@both_norms
@pytest.mark.parametrize("positions", [SINUSOID, LEARNED])
def test_one_target_position_at_a_time_equals_all_at_once_with_every_option(positions, norm):
    separate = {"embeddings": Embeddings.SEPARATE, **EVERYTHING_ELSE}
    model = encoder_decoder(positions, norm, **separate)
    source, inputs = ids(1, TEXT.inputs, 3, 5), ids(0, TEXT.inputs, 3, 7, seed=1)
    stepped = advanced(model, inputs, model.begin(source, 1, 7))
    assert_close(stepped, model(inputs, source).detach())


@pytest.mark.parametrize("at", PositionsAt)
def test_positions_are_added_to_the_input_of_every_layer_or_of_none(at):
    source, inputs = ids(1, TEXT.inputs, 1, 5), ids(0, TEXT.inputs, 1, 7, seed=1)
    decodes, translates = decoder(positions_at=at), encoder_decoder(positions_at=at)
    added = [_added_between(decodes.layers, lambda: decodes(inputs))]
    for stack in (translates.encoder, translates.decoder):
        added.append(_added_between(stack, lambda: translates(inputs, source)))
    for difference in added:
        positions = sinusoid(torch.arange(difference.shape[1]), 8).double()
        expected = positions * (at is PositionsAt.EVERY_LAYER)
        assert_close(difference[0], expected, atol=1e-6, rtol=1e-6)


def _added_between(layers, run) -> torch.Tensor:
    """What is added to the output of the first of two layers before it enters the second."""
    kept = []
    hooks = [
        layers[0].register_forward_hook(lambda _, __, output: kept.append(output)),
        layers[1].register_forward_pre_hook(lambda _, args: kept.append(args[0])),
    ]
    run()
    for hook in hooks:
        hook.remove()
    output, following = kept
    return (following - output).detach()


def test_tied_embeddings_and_softmax_are_one_matrix_and_separate_ones_are_not():
    source, inputs = ids(1, TEXT.inputs, 2, 5), ids(0, TEXT.inputs, 2, 7, seed=1)
    softmax = {"classify.weight", "classify.bias"}
    target, both = {"embedding.tokens.weight"}, {"source_embedding.tokens.weight"}
    networks = {
        Embeddings.TIED: (decoder, target, encoder_decoder, target),
        Embeddings.SEPARATE: (decoder, target | softmax, encoder_decoder, target | both | softmax),
    }
    for tied, (decodes, of_decoder, translates, of_translation) in networks.items():
        for model, arguments, expected in (
            (decodes(embeddings=tied), (inputs,), of_decoder),
            (translates(embeddings=tied), (inputs, source), of_translation),
        ):
            model(*arguments).square().sum().backward()
            names = {
                name
                for name, parameter in model.named_parameters()
                if "embedding" in name or "classify" in name
                if parameter.grad.abs().max() > 0.0
            }
            assert names == expected


def test_the_logits_of_tied_embeddings_are_products_with_the_vectors_of_the_outputs():
    model, inputs = decoder(embeddings=Embeddings.TIED, norm=Norm.PRE), ids(0, 9, 2, 7)
    kept = []
    model.final_norm.register_forward_hook(lambda _, __, output: kept.append(output))
    logits = model(inputs)
    assert logits.shape[-1] == IMAGE.outputs < IMAGE.inputs
    expected = torch.einsum("btd,vd->btv", kept[0], model.embedding.tokens.weight[: IMAGE.outputs])
    assert_close(logits, expected)


@pytest.mark.parametrize(
    "rate", ["dropout", "embedding_dropout", "attention_dropout", "relu_dropout"]
)
def test_each_dropout_alone_acts_in_training_alone(rate):
    model = decoder(**{rate: 0.5})
    inputs = ids(0, TEXT.inputs, 1, 6)
    torch.manual_seed(0)
    assert not torch.equal(model.train()(inputs), model(inputs))
    assert torch.equal(model.eval()(inputs), model(inputs))


def test_embedding_dropout_drops_sums_of_embeddings_and_positions():
    torch.manual_seed(0)
    embedding = decoder(embedding_dropout=0.25, dropout=0.5).embedding
    inputs = ids(0, IMAGE.inputs, 200, 6)
    whole, dropped = embedding.eval()(inputs), embedding.train()(inputs)
    kept = dropped != 0.0
    assert_close(dropped[kept], whole[kept] / 0.75)
    assert kept.double().mean().item() == pytest.approx(0.75, abs=0.02)


def test_a_sequence_longer_than_the_learned_positions_is_refused_in_one_line():
    model = decoder(LEARNED, shape=TEXT)
    inputs = ids(0, TEXT.inputs, 1, LENGTH + 1)
    state = model.begin(1, LENGTH + 1)
    advanced(model, inputs[:, :LENGTH], state)
    for read in (lambda: model(inputs), lambda: model.advance(inputs[:, LENGTH], state)):
        with pytest.raises(SequenceError, match="a sequence of 25 .*max_length = 24") as caught:
            read()
        assert "\n" not in str(caught.value)


def test_fewer_learned_positions_than_an_image_has_are_refused_when_the_network_is_built():
    colour = IMAGE.model_copy(update={"channels": 3})
    with pytest.raises(ValueError, match="max_length = 24 is less than the 72 positions"):
        build(settings(Architecture.DECODER, LEARNED), colour)


@pytest.mark.parametrize("locality", [FULL, LOCAL_1D, LOCAL_2D])
def test_a_colour_image_is_one_whose_rows_have_all_channels_of_their_pixels(locality):
    colour = IMAGE.model_copy(update={"width": 2, "channels": 3})
    inputs = ids(0, IMAGE.inputs, 2, LENGTH)
    model = decoder(SINUSOID_2D, locality, shape=colour)
    assert torch.equal(model(inputs), decoder(SINUSOID_2D, locality)(inputs))
    assert_close(advanced(model, inputs, model.begin(2, LENGTH)), model(inputs).detach())


def test_pitch_and_time_are_refused_for_data_without_voices():
    with pytest.raises(ValueError, match="voices on a grid only"):
        build(settings(Architecture.DECODER, PITCH_TIME), IMAGE)


def test_labels_of_voices_are_refused_for_data_without_voices():
    with pytest.raises(ValueError, match="positions.labels = voices is defined for voices on a"):
        build(settings(Architecture.DECODER, LABELLED), IMAGE)


@pytest.mark.parametrize(("positions", "locality"), [(SINUSOID_2D, FULL), (SINUSOID, LOCAL_2D)])
def test_image_schemes_are_refused_for_other_data(positions, locality):
    with pytest.raises(ValueError, match="images only"):
        build(settings(Architecture.DECODER, positions, locality), TEXT)


def test_blocks_that_do_not_tile_are_refused_when_the_network_is_built():
    shape = DataShape(inputs=9, outputs=7, height=4, width=7, channels=1, voices=None, pitches=None)
    with pytest.raises(ValueError, match="do not tile images of 4 x 7"):
        build(settings(Architecture.DECODER, SINUSOID_2D, LOCAL_2D), shape)


POSITIONS = (NONE, SINUSOID, SINUSOID_2D, LEARNED, BESIDE, SHAW, SKEWED, PITCH_TIME)
BUILT = {
    (Architecture.DECODER, positions.kind, locality.kind) for positions, locality, _ in DECODERS
} | {
    (Architecture.ENCODER_DECODER, positions.kind, locality.kind)
    for positions, locality, _ in [
        *((positions, FULL, norm) for positions, norm in ENCODER_DECODERS),
        *IMAGE_ENCODER_DECODERS,
    ]
}


@pytest.mark.parametrize("architecture", [Architecture.DECODER, Architecture.ENCODER_DECODER])
@pytest.mark.parametrize("locality", [FULL, LOCAL_1D, LOCAL_2D])
@pytest.mark.parametrize("positions", POSITIONS)
def test_every_combination_is_tested_above_or_refused_in_one_line(
    positions, locality, architecture
):
    if (architecture, positions.kind, locality.kind) in BUILT:
        assert settings(architecture, positions, locality).positions is positions
        return
    with pytest.raises(ValidationError) as caught:
        settings(architecture, positions, locality)
    (problem,) = caught.value.errors()
    message = str(problem["ctx"]["error"])
    assert f"architecture = {architecture}" in message
    assert f"locality.kind = {locality.kind}" in message
    assert " is not defined for " in message and "; use " in message and "\n" not in message


def test_a_locality_or_positions_are_refused_with_what_is_defined():
    with pytest.raises(ValidationError, match="architecture = encoder_decoder; use .* sinusoid_2d"):
        settings(Architecture.ENCODER_DECODER, SKEWED, LOCAL_1D)
    with pytest.raises(
        ValidationError,
        match="positions.kind = skewed_relative with locality.kind = local_2d .*; use "
        "positions.kind = none or sinusoid or learned or sinusoid_2d",
    ):
        settings(Architecture.DECODER, SKEWED, LOCAL_2D)


@pytest.mark.parametrize("positions", [NONE, BESIDE, SHAW, SKEWED, PITCH_TIME])
def test_positions_that_are_not_added_cannot_be_added_at_every_layer(positions):
    with pytest.raises(ValidationError, match=f"positions.kind = {positions.kind}, which adds no"):
        settings(Architecture.DECODER, positions, positions_at=PositionsAt.EVERY_LAYER)


@pytest.mark.parametrize("locality", [LOCAL_1D, LOCAL_2D])
def test_blocks_of_queries_are_refused_where_a_locality_has_its_own(locality):
    with pytest.raises(ValidationError, match="backend = blockwise is not defined for locality"):
        settings(Architecture.DECODER, SINUSOID, locality, backend=Backend.BLOCKWISE)


@pytest.mark.parametrize(
    ("positions", "d_model", "num_heads", "message"),
    [
        (SINUSOID, 10, 3, "num_heads = 3 does not divide d_model = 10"),
        (SINUSOID, 9, 3, "d_model = 9 is not divisible by 2"),
        (SINUSOID_2D, 6, 3, "d_model = 6 is not divisible by 4"),
    ],
)
def test_widths_that_do_not_divide_are_refused(positions, d_model, num_heads, message):
    with pytest.raises(ValidationError, match=message):
        settings(Architecture.DECODER, positions, d_model=d_model, num_heads=num_heads)


def test_pre_norm_normalises_the_sum_of_all_layers_and_post_norm_needs_no_further_norm():
    inputs = ids(0, TEXT.inputs, 1, 6)
    for norm in Norm:
        model = build(settings(Architecture.DECODER, norm=norm), TEXT).eval()
        kept = []
        model.classify.register_forward_pre_hook(lambda _, args, kept=kept: kept.append(args[0]))
        model(inputs)
        assert_close(kept[0].mean(dim=-1), torch.zeros(1, 6), atol=1e-5, rtol=0.0)
        assert_close(kept[0].var(dim=-1, unbiased=False), torch.ones(1, 6), atol=1e-3, rtol=0.0)

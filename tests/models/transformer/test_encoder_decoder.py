from unittest.mock import Mock

import pytest
import torch
from torch.testing import assert_close

from models.build import build
from models.settings import Embeddings, Norm, PositionsAt, Residuals, Structure
from models.shared.base import PADDING
from models.transformer import patterns
from tests.models.comparison import (
    all_logits,
    assert_feeding_equals_forward,
    assert_steps_equal_forward,
    ids,
    random_tensor,
    stepped_logits,
)
from tests.models.networks import (
    ALIBI,
    BLOCKWISE,
    ENCODER_DECODERS,
    FULL,
    LEARNED,
    ROTARY,
    SHAW,
    SINUSOID,
    SKEWED,
    TEXT,
    encoder_decoder,
    sequences,
    settings,
)
from tests.models.transformer.test_decoder import matrices_with_gradients

encoder_decoders = pytest.mark.parametrize(("positions", "norm"), ENCODER_DECODERS)


def _source(batch: int) -> torch.Tensor:
    """Of 5 tokens each, but for the second one."""
    source = ids(1, TEXT.inputs, batch, 5)
    source[1:2, 3:] = PADDING
    return source


@encoder_decoders
def test_one_position_at_a_time_equals_all_at_once(positions, norm):
    model, inputs = encoder_decoder(positions, norm), ids(0, TEXT.inputs, 3, 7, seed=1)
    assert_steps_equal_forward(model, inputs, _source(3))


@encoder_decoders
def test_several_positions_of_rows_of_different_lengths_equal_all_at_once(positions, norm):
    model, inputs = encoder_decoder(positions, norm), ids(0, TEXT.inputs, 3, 19, seed=1)
    assert_feeding_equals_forward(model, inputs, _source(3))


@pytest.mark.parametrize("norm", Norm)
@pytest.mark.parametrize("positions", [SINUSOID, LEARNED])
def test_one_position_at_a_time_equals_all_at_once_with_every_option(positions, norm):
    options = {
        "embeddings": Embeddings.SEPARATE,
        "residuals": Residuals.NONE,
        "positions_at": PositionsAt.EVERY_LAYER,
        "num_layers": 3,
    }
    model, inputs = encoder_decoder(positions, norm, **options), ids(0, TEXT.inputs, 3, 7, seed=1)
    assert_steps_equal_forward(model, inputs, _source(3))


@pytest.mark.parametrize("positions", [SINUSOID, SHAW, SKEWED, ROTARY, ALIBI])
def test_blockwise_equals_dense(positions, monkeypatch):
    monkeypatch.setattr(patterns, "QUERY_BLOCK", 3)
    recomputed = Mock(wraps=patterns.checkpoint)
    monkeypatch.setattr(patterns, "checkpoint", recomputed)
    found, inputs, source = {}, ids(0, TEXT.inputs, 3, 7, seed=1), _source(3)
    for attention in (FULL, BLOCKWISE):
        model = encoder_decoder(positions, attention=attention)
        logits = all_logits(model, inputs, source)
        upstream = random_tensor(*logits.shape)
        gradients = torch.autograd.grad(logits, list(model.parameters()), upstream)
        found[attention.backend] = (logits, *gradients)
    assert_close(*found.values(), atol=1e-10, rtol=1e-10)
    # blocks of 3 in 5 source and 7 target positions
    assert recomputed.call_count == 2 * len(model.encoder) + (3 + 3) * len(model.decoder)
    with torch.no_grad():
        rows = torch.tensor([0, 0, 1, 1, 2, 2])
        stepped = stepped_logits(model, inputs[rows], model.init_state(source, 2, 7))
    assert_close(stepped, logits[rows].detach())


@encoder_decoders
def test_a_later_target_changes_no_earlier_prediction(positions, norm):
    model = encoder_decoder(positions, norm)
    source, inputs = _source(1), ids(0, TEXT.inputs, 1, 6, seed=1)
    other = inputs.clone()
    other[0, 3] = (inputs[0, 3] + 1) % TEXT.inputs
    before, after = all_logits(model, inputs, source), all_logits(model, other, source)
    assert_close(before[:, :3], after[:, :3], atol=0.0, rtol=0.0)
    assert (before[:, 3] - after[:, 3]).abs().max() > 1e-6


@encoder_decoders
def test_every_source_token_changes_every_prediction_and_padding_none(positions, norm):
    model = encoder_decoder(positions, norm)
    source, inputs = _source(1), ids(0, TEXT.inputs, 1, 6, seed=1)
    before = all_logits(model, inputs, source)
    for position in range(5):
        other = source.clone()
        other[0, position] = source[0, position] % (TEXT.inputs - 1) + 1
        difference = all_logits(model, inputs, other) - before
        assert difference.abs().amax(dim=(0, 2)).min() > 1e-9
    padded = torch.cat((source, torch.full((1, 4), PADDING)), dim=1)
    assert_close(all_logits(model, inputs, padded), before)


@pytest.mark.parametrize(
    ("sizes", "millions"),
    [
        ({"num_layers": 6, "d_model": 512, "num_heads": 8, "d_ff": 2048}, 65),
        ({"num_layers": 6, "d_model": 1024, "num_heads": 16, "d_ff": 4096}, 213),
    ],
)
def test_the_published_sizes_have_the_published_numbers_of_parameters(sizes, millions):
    """Vaswani et al. 2017, table 3; the vocabulary of about 37,000 is not given exactly."""
    with torch.device("meta"):
        model = build(settings(Structure.ENCODER_DECODER, **sizes), sequences(37_000, 37_000))
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == pytest.approx(millions * 1e6, rel=0.035)


def test_tied_embeddings_and_softmax_are_one_matrix_and_separate_ones_are_not():
    source, inputs = _source(2), ids(0, TEXT.inputs, 2, 7, seed=1)
    tied = {"embedding.tokens.weight"}
    separate = tied | {
        "source_embedding.tokens.weight",
        "head.output_projection.weight",
        "head.output_projection.bias",
    }
    for embeddings, expected in ((Embeddings.TIED, tied), (Embeddings.SEPARATE, separate)):
        model = encoder_decoder(embeddings=embeddings)
        assert matrices_with_gradients(model, all_logits(model, inputs, source)) == expected

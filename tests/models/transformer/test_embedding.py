import pytest
import torch
from torch.testing import assert_close

from models.build import build
from models.settings import PositionsAt, Structure
from models.shared.coordinates import Grid
from models.shared.sinusoid import sinusoid
from models.transformer.recording import recorded
from tests.models.comparison import ids
from tests.models.networks import (
    FULL,
    IMAGE,
    SHAW,
    SINUSOID_2D,
    TEXT,
    decoder,
    encoder_decoder,
    settings,
)


def test_embeddings_are_scaled_to_the_size_of_the_positions():
    model = build(settings(Structure.DECODER, SHAW, d_model=512), TEXT)
    vectors = model.embedding.eval()(torch.arange(TEXT.inputs)[None])
    assert vectors.std().item() == pytest.approx(1.0, abs=0.05)


def test_embedding_dropout_drops_sums_of_embeddings_and_positions():
    torch.manual_seed(0)
    embedding = decoder(embedding_dropout=0.25, dropout=0.5).embedding
    inputs = ids(0, IMAGE.inputs, 200, 6)
    whole, dropped = embedding.eval()(inputs), embedding.train()(inputs)
    kept = dropped != 0.0
    assert_close(dropped[kept], whole[kept] / 0.75)
    assert kept.double().mean().item() == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("first", [0, 7])
def test_positions_are_counted_from_the_first(first):
    embedding = decoder(SINUSOID_2D).embedding
    inputs = ids(0, IMAGE.inputs, 1, 20)
    assert_close(embedding(inputs)[:, first:], embedding(inputs[:, first:], first))


@pytest.mark.parametrize("at", PositionsAt)
def test_positions_are_added_to_the_input_of_every_layer_or_of_the_first(at):
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
    with recorded(layers) as calls:
        run()
    first, second = calls
    return (second.args[0] - first.output).detach()


def test_where_positions_are_not_added_again_a_layer_reads_what_is_below():
    embedding = decoder(positions_at=PositionsAt.EVERY_LAYER).embedding
    hidden = torch.zeros(1, 4, 8)
    assert embedding.at_layer(hidden, 0) is hidden
    assert decoder().embedding.at_layer(hidden, 1) is hidden
    assert_close(embedding.at_layer(hidden, 1, 3)[0], sinusoid(torch.arange(3, 7), 8))


def test_the_grid_of_an_embedding_is_that_of_its_image():
    assert decoder(SINUSOID_2D).embedding.grid == Grid.of(FULL, IMAGE.layout)

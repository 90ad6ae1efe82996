"""What every classifier of passages keeps, and each against its equations."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from models.lstm.pooling import redundancy
from models.settings import Directions, Embeddings, Structure
from models.shared.base import PADDING, Model
from models.shared.heads import IGNORED
from tests.models import naive_baselines as naive
from tests.models import passages
from tests.models.architectures import CLASSIFIERS
from tests.models.baselines import HOPS, LAST, LSTM_ENCODER, MAX, changed, network
from tests.models.comparison import assert_same_values_and_gradients, random_tensor
from tests.models.networks import (
    CLASS_AND_NEXT_ID,
    NONE,
    PASSAGE,
    causal_classifier,
    classifier,
    masked_encoder,
    next_id_classifier,
)
from tests.models.networks import CLASSIFIERS as TRANSFORMERS

every_network = pytest.mark.parametrize("make", CLASSIFIERS.values(), ids=CLASSIFIERS)
TARGETS = torch.tensor([[2], [0], [3]])


def _close(found: Tensor, expected: Tensor) -> None:
    assert_close(found, expected, rtol=1e-10, atol=1e-10)


@every_network
@torch.no_grad()
def test_padding_and_other_passages_of_the_batch_change_nothing(make):
    model, tokens = make(), passages.batch()
    alone = [model(row[row != PADDING][None]) for row in tokens]
    _close(model(nn.functional.pad(tokens, (0, 4))), torch.cat(alone))


@every_network
def test_the_loss_is_that_of_a_softmax_over_the_classes(make):
    model, tokens = make(), passages.batch()
    logits = model.head.next_logits(model(tokens))
    assert logits.shape == (3, PASSAGE.layout.classes)
    expected = nn.functional.cross_entropy(logits, TARGETS[:, 0], reduction="none")
    _close(model.nats(tokens, TARGETS), expected[:, None])


@every_network
@torch.no_grad()
def test_every_token_and_the_order_of_tokens_change_the_prediction(make):
    """But for a maximum, which single tokens may not reach."""
    model, tokens = make(), passages.batch((6,))
    before = model(tokens)
    for position in range(6):
        other = tokens.clone()
        other[0, position] = tokens[0, position] % (PASSAGE.inputs - 1) + 1
        assert not torch.allclose(model(other), before)
    assert not torch.allclose(model(tokens.flip(1)), before)


@every_network
def test_every_weight_takes_part(make):
    model, tokens = make(), passages.batch((40, 30))
    model.nats(tokens, TARGETS[:2]).sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0.0, name


@every_network
def test_the_attention_of_a_passage_is_a_distribution_over_its_tokens(make):
    model, tokens = make(), passages.batch()
    internals = model.internals(tokens)
    attends = "hops" in str(model.settings) or model.settings.architecture == "transformer"
    assert (internals is not None) is attends
    for weights in internals.encoder_attention if internals else []:
        _close(weights.sum(dim=-1), torch.ones(weights.shape[:-1]).double())
        seen = (tokens != PADDING)[:, None, None].expand_as(weights)
        causal = model.settings.structure is Structure.DECODER
        assert torch.equal(weights > 0.0, seen.tril() if causal else seen)


# ---------------------------------------------------------------------------- the Transformer


@torch.no_grad()
@pytest.mark.parametrize(("positions", "attention", "norm"), TRANSFORMERS)
def test_a_transformer_reads_the_mean_of_its_tokens(positions, attention, norm):
    model, tokens = classifier(positions, attention, norm), passages.batch()
    for row, read in zip(tokens, model(tokens), strict=True):
        of_tokens = [*model.hidden(row[row != PADDING][None])[0]]
        _close(read, sum(of_tokens) / len(of_tokens))


@torch.no_grad()
def test_without_positions_a_passage_is_a_set():
    model, tokens = classifier(NONE), passages.batch((6,))
    _close(model(tokens.flip(1)), model(tokens))


@torch.no_grad()
@pytest.mark.parametrize("make", [causal_classifier, next_id_classifier])
def test_a_causal_transformer_reads_its_last_token(make):
    model, tokens = make(), passages.batch()
    for row, read in zip(tokens, model(tokens), strict=True):
        _close(read, model.hidden(row[row != PADDING][None])[0, -1])


def test_the_next_ids_are_part_of_training_alone():
    """Radford et al. 2018, eq. 5: token by token, with the matrix of the embeddings."""
    model, tokens = next_id_classifier(), passages.batch((5, 2, 7))
    before = model.nats(tokens, TARGETS)
    expected = []
    for row in tokens:
        ids = row[row != PADDING]
        logits = model.hidden(ids[None])[0] @ model.embedding.tokens.weight.T
        nats = [-logits[at].log_softmax(-1)[ids[at + 1]] for at in range(len(ids) - 1)]
        expected.append(CLASS_AND_NEXT_ID.weight * sum(nats) / len(nats))
    _close(model.train().nats(tokens, TARGETS), before + torch.stack(expected)[:, None])


@torch.no_grad()
@pytest.mark.parametrize("embeddings", [Embeddings.TIED, Embeddings.SEPARATE])
def test_masked_ids_are_predicted_from_all_of_the_passage(embeddings):
    model, tokens = masked_encoder(embeddings=embeddings), passages.batch((6, 4))
    targets = torch.full_like(tokens, IGNORED)
    targets[0, 2], targets[1, 0] = 5, 3
    nats = model.nats(tokens, targets)
    for row, at, target in ((0, 2, 5), (1, 0, 3)):
        ids = tokens[row][tokens[row] != PADDING]
        logits = model.head.next_logits(model(ids[None])[0, at])
        _close(nats[row, at], -logits.log_softmax(-1)[target])
        for position in range(len(ids)):
            other = ids.clone()
            other[position] = ids[position] % (PASSAGE.inputs - 1) + 1
            assert not torch.allclose(model(other[None])[0, at], model(ids[None])[0, at])
    assert (nats != 0.0).sum() == 2


# ------------------------------------------------------------------------------------- LSTMs


def _naive_states(model: Model, tokens: Tensor) -> Tensor:
    """The states (token, d_model) of one passage, cell by cell."""
    hidden = model.tokens.weight[tokens]
    for layer in model.layers:
        if model.settings.directions is Directions.FORWARD:
            hidden = naive.lstm(layer, hidden)
            continue
        from_right = naive.lstm(layer.backwards, hidden.flip(0)).flip(0)
        hidden = torch.cat((naive.lstm(layer.forwards, hidden), from_right), dim=1)
    return hidden


def _naive_last(model: Model, states: Tensor) -> Tensor:
    half = 4 if model.settings.directions is Directions.BOTH else 8
    return torch.cat((states[-1, :half], states[0, half:]))


def _naive_max(model: Model, states: Tensor) -> Tensor:
    return torch.stack([max(feature) for feature in states.T])


def _naive_hops(model: Model, states: Tensor) -> Tensor:
    """Lin et al. 2017, eqs. 5 and 6, hop by hop and token by token."""
    hops = []
    for w in model.pooling.w_s2.weight:
        scores = [w @ torch.tanh(model.pooling.w_s1.weight @ state) for state in states]
        weights = torch.stack(scores).softmax(0)
        hops.append(sum(weight * state for weight, state in zip(weights, states, strict=True)))
    return torch.cat(hops)


NAIVE = {"last": (LAST, _naive_last), "max": (MAX, _naive_max), "hops": (HOPS, _naive_hops)}


@pytest.mark.parametrize("name", NAIVE)
@pytest.mark.parametrize("directions", Directions)
def test_an_lstm_equals_the_equations(directions, name):
    settings, pool = NAIVE[name]
    model = network(changed(LSTM_ENCODER, directions=directions, pooling=settings))
    tokens = passages.batch()
    expected = [pool(model, _naive_states(model, row[row != PADDING])) for row in tokens]
    assert_same_values_and_gradients(model(tokens), torch.stack(expected), model)


def test_hops_at_tokens_of_their_own_are_not_redundant():
    """Lin et al. 2017, eq. 8: 0 for disjoint single tokens, r^2 - r for hops at one token."""
    apart = torch.eye(3, 5).double()
    alike = torch.zeros(3, 5).double()
    alike[:, 1] = 1.0
    _close(redundancy(torch.stack((apart, alike))), torch.tensor([0.0, 6.0]).double())


def test_the_penalty_of_hops_is_part_of_training_alone():
    """Without dropout the rest of the loss is the same."""
    tokens = passages.batch()
    model = network(changed(LSTM_ENCODER, pooling=HOPS))
    (weights,) = model.internals(tokens).encoder_attention
    penalty = HOPS.penalty * redundancy(weights[:, :, 0])
    assert (penalty > 0.0).all()
    before = model.nats(tokens, TARGETS)
    _close(model.train().nats(tokens, TARGETS), before + penalty[:, None])


def test_the_gradient_of_the_penalty_is_right():
    logits = random_tensor(2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda each: redundancy(each.softmax(dim=-1)), logits)

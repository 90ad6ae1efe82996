"""Proposals of several ids: their states and their losses, by naive forms."""

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from models.settings import Blockwise, Embeddings, Structure
from models.shared.heads import IGNORED, Softmax
from models.transformer.proposals import ProposalSoftmax
from tests.models.comparison import assert_same_values_and_gradients, ids, random_tensor
from tests.models.networks import PROPOSALS, TEXT, random_network, settings

WIDTH, OUTPUTS = 6, 7


@pytest.fixture
def head() -> ProposalSoftmax:
    torch.manual_seed(2)
    settings = Blockwise(kind="blockwise", proposals=3, d_hidden=5)
    return ProposalSoftmax(settings, WIDTH, OUTPUTS, dropout=0.0).double()


@pytest.fixture
def hidden() -> torch.Tensor:
    return random_tensor(2, 5, WIDTH).requires_grad_()


def _targets() -> torch.Tensor:
    targets = ids(0, OUTPUTS, 2, 5)
    targets[0, 3:] = IGNORED
    return targets


def test_the_states_are_the_residual_sum_with_one_feed_forward_layer(head, hidden):
    states = head.proposals(hidden)
    inner = (hidden @ head.w_1.weight.T + head.w_1.bias).clamp(min=0.0)
    changes = inner @ head.w_2.weight.T + head.w_2.bias
    assert states.shape == (2, 5, 3, WIDTH)
    assert_close(states[:, :, 1], hidden + changes[..., :WIDTH])
    assert_close(states[:, :, 2], hidden + changes[..., WIDTH:])


def test_p_1_is_the_softmax_without_proposals(head, hidden):
    assert torch.equal(head.proposals(hidden)[:, :, 0], hidden)
    alone = Softmax(WIDTH, OUTPUTS).double()
    alone.load_state_dict(head.state_dict(), strict=False)
    targets = _targets()
    assert torch.equal(head.eval().nats(hidden, targets, 0.1), alone.nats(hidden, targets, 0.1))
    assert torch.equal(head.next_logits(hidden), alone.next_logits(hidden))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("length", [5, 2, 1])
def test_a_target_has_the_mean_nats_of_all_that_predict_it(head, hidden, smoothing, length):
    """Target t is predicted by p_1 at position t, by p_2 at t - 1, by p_3 at t - 2."""
    targets, hidden = _targets()[:, :length], hidden[:, :length]
    logits = head.next_logits(head.proposals(hidden))
    expected = torch.zeros(2, length, dtype=torch.float64)
    for row in range(2):
        for target in range(length):
            by_all = [
                F.cross_entropy(
                    logits[row, target - ahead, ahead],
                    targets[row, target],
                    ignore_index=IGNORED,
                    reduction="sum",
                    label_smoothing=smoothing,
                )
                for ahead in range(min(3, target + 1))
            ]
            expected[row, target] = torch.stack(by_all).mean()
    nats = head.train().nats(hidden, targets, smoothing)
    assert_same_values_and_gradients(nats, expected, list(head.parameters()))


def test_dropout_leaves_p_1_as_it_is(hidden):
    settings = Blockwise(kind="blockwise", proposals=3, d_hidden=5)
    head = ProposalSoftmax(settings, WIDTH, OUTPUTS, dropout=0.5).double()
    states = head.proposals(hidden)
    assert torch.equal(states[:, :, 0], hidden)
    assert (states[:, :, 1] == hidden).double().mean() > 0.2
    assert not (head.eval().proposals(hidden)[:, :, 1] == hidden).any()


def test_tied_proposals_share_the_table_of_the_embeddings():
    chosen = settings(Structure.ENCODER_DECODER, output=PROPOSALS, embeddings=Embeddings.TIED)
    model = random_network(chosen, TEXT)
    own = {name for name, _ in model.head.named_parameters()}
    assert own == {"w_1.weight", "w_1.bias", "w_2.weight", "w_2.bias"}
    hidden = random_tensor(2, 3, 8)
    expected = hidden @ model.embedding.tokens.weight[: TEXT.outputs].T
    assert_close(model.head.next_logits(hidden), expected)
